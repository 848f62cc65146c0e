import { damageFiles, damageReplica, type DamagedReplica } from './flips/flips.js';
import { nodeReplica } from './flips/node-replica.js';
import { QUIET_MOMENTS, scriptReplica } from './flips/script-replica.js';
import { damagedMembers } from './node/damaged-member.js';
import { machineCrashes, powerCuts } from './node/node-crashes.js';
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
export async function crashPoints({ seed, size, layers }: RunOptions, tally: Tally): Promise<void> {
  if (layers.includes('storage')) await storageCrashes({ seed, ...size.storage }, tally);
  if (layers.includes('flips')) {
    for (const replica of await foldersOf(seed, size.nodeFolders)) {
      await damageReplica(replica, { seed, ...size.flips }, tally);
    }
    for (let moment = 1; moment <= size.fileDamageRounds * QUIET_MOMENTS; moment++) {
      await damageFiles(await scriptReplica(size.fileDamageRounds, moment), { seed, ...size.flips }, tally);
    }
  }
  if (layers.includes('flips')) {
    await damagedMembers(scenarioNamed('snapshot'), seed, size.damagedMembers, tally);
    await rolledBackMembers(scenarioNamed('writes'), seed, size.rolledBackMembers, tally);
  }
  if (layers.includes('node')) {
    for (const scenario of SCENARIOS) {
      try {
        await machineCrashes(scenario, { seed, ...size.node }, tally);
        await powerCuts(scenario, { seed, ...size.node }, tally);
      } catch (error) {
        tally.broken(
          'node',
          `--only node --seed ${seed}`,
          new Error(`scenario ${scenario.name}, without a crash`, { cause: error }),
        );
      }
    }
  }
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
export function scenarioNamed(name: string): (typeof SCENARIOS)[number] {
  const scenario = SCENARIOS.find((one) => one.name === name);
  if (scenario !== undefined) return scenario;
  throw new RangeError(`there is no scenario '${name}'; there are ${SCENARIOS.map((one) => one.name).join(', ')}`);
}
