import { damageFiles, damageReplica, type DamagedReplica } from './flips/flips.js';
import { nodeReplica } from './flips/node-replica.js';
import { QUIET_MOMENTS, scriptReplica } from './flips/script-replica.js';
import { damagedMembers } from './node/damaged-member.js';
import { machineCrashes, powerCuts } from './node/node-crashes.js';
import type { Scenario } from './node/scenario.js';
import { SCENARIOS } from './node/scenarios.js';
import { rolledBackMembers } from './node/rolled-back-member.js';
import type { Layer, Tally } from './report/tally.js';
import type { Size } from './size.js';
import { storageCrashes } from './storage/storage-crashes.js';

/** What is tried. */
export interface RunOptions {
  readonly seed: number;
  readonly size: Size;
  readonly layers: readonly Layer[];
  /** Of the node layer; all of them by default. */
  readonly scenarios?: readonly Scenario[];
}

/** Machines of scenarios whose folders are damaged, the most telling first: one that was sent a snapshot, then others. */
const FOLDERS: readonly (readonly [scenario: string, machine: string])[] = [
  ['snapshot', 'n3'],
  ['single', 'n1'],
  ['removal', 'n4'],
  ['writes', 'n1'],
];
/** An odd number, so that the script ends with a partial snapshot. */
const SCRIPT_ROUNDS = 3;

/** Tries everything. What is not recovered from is in the tally, and never throws. */
export async function crashPoints(
  { seed, size, layers, scenarios = SCENARIOS }: RunOptions,
  tally: Tally,
): Promise<void> {
  const part = async (layer: Layer, name: string, work: () => Promise<void>): Promise<void> => {
    if (!layers.includes(layer)) return;
    try {
      await work();
    } catch (error) {
      tally.broken(layer, `--only ${layer} --seed ${seed}`, new Error(`${name}, undamaged`, { cause: error }));
    }
  };
  await part('storage', 'the script', () => storageCrashes({ seed, ...size.storage }, tally));
  await part('flips', 'the folders', () => damagedFolders(seed, size, tally));
  await part('flips', 'the damaged members', () => membersWithDamage(seed, size, tally));
  for (const scenario of scenarios) {
    await part('node', `scenario ${scenario.name}`, async () => {
      await machineCrashes(scenario, { seed, ...size.node }, tally);
      await powerCuts(scenario, { seed, ...size.node }, tally);
    });
  }
}

async function damagedFolders(seed: number, size: Size, tally: Tally): Promise<void> {
  for (const replica of await foldersOf(seed, size.nodeFolders)) {
    await damageReplica(replica, { seed, ...size.flips }, tally);
  }
  for (let moment = 1; moment <= size.fileDamageRounds * QUIET_MOMENTS; moment++) {
    await damageFiles(await scriptReplica(size.fileDamageRounds, moment), { seed, ...size.flips }, tally);
  }
}

async function membersWithDamage(seed: number, size: Size, tally: Tally): Promise<void> {
  await damagedMembers(scenarioNamed('snapshot'), seed, size.damagedMembers, tally);
  await rolledBackMembers(scenarioNamed('writes'), seed, size.rolledBackMembers, tally);
}

/** The folder of the script, and those of some nodes. */
async function foldersOf(seed: number, nodes: number): Promise<DamagedReplica[]> {
  const replicas = [await scriptReplica(SCRIPT_ROUNDS)];
  for (const [scenario, machine] of FOLDERS.slice(0, nodes)) {
    replicas.push(await replicaNamed(`${scenario}-${machine}`, seed));
  }
  return replicas;
}

/** A damaged folder by its name. @throws {RangeError} for what names none */
export async function replicaNamed(name: string, seed: number): Promise<DamagedReplica> {
  const [scenario = '', machine = '', moment] = name.split('-');
  if (scenario === 'script') return scriptReplica(Number(machine), moment === undefined ? undefined : Number(moment));
  return nodeReplica(scenarioNamed(scenario), machine, seed);
}

/** @throws {RangeError} for what names none */
export function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS.find((one) => one.name === name);
  if (scenario !== undefined) return scenario;
  throw new RangeError(`there is no scenario '${name}'; there are ${SCENARIOS.map((one) => one.name).join(', ')}`);
}
