import { Prng } from '@flotilla/runtime/virtual';
import { type Damage, damageNamed, fileDamages, inflict, nameOfDamage } from '../flips/damage.js';
import type { Tally } from '../report/tally.js';
import type { CrashCluster } from './crash-cluster.js';
import { clusterOf, type Scenario } from './scenario.js';

/** The member that is damaged. */
export const VICTIM = 'n3';
const NO_HISTORY: ReadonlyMap<string, readonly Uint8Array[]> = new Map();

/**
 * Damages the disk of one member while it is down, and starts it again. It comes back as it was, or refuses: then its disk is replaced by an empty
 * one, and it joins anew. Either way the cluster heals, with all that was acknowledged.
 */
export async function damagedMembers(scenario: Scenario, seed: number, count: number, tally: Tally): Promise<void> {
  for (const damage of await drawDamages(scenario, seed, count)) await damagedMember(scenario, seed, damage, tally);
}

/** One damaged member, again. */
export function damagedMemberNamed(scenario: Scenario, seed: number, name: string, tally: Tally): Promise<void> {
  return damagedMember(scenario, seed, damageNamed(name), tally);
}

async function damagedMember(scenario: Scenario, seed: number, damage: Damage, tally: Tally): Promise<void> {
  const replay = `--only flips --scenario ${scenario.name} --seed ${seed} --damage ${nameOfDamage(damage)}`;
  await tally.flip(`${damage.kind}, in a cluster`, replay, async () => {
    const run = clusterOf(scenario, seed, { tolerated: 'refusal' });
    try {
      await scenario.prepare(run);
      await scenario.body(run);
      const { disk } = run.cluster.node(VICTIM);
      run.cluster.node(VICTIM).kill();
      await inflict(disk.files, damage, NO_HISTORY);
      disk.isDamaged = true;
      const refused = watchRefusals(run);
      run.start(VICTIM);
      await run.write(2, 2);
      await run.check(scenario.voters, undefined);
      return refused() ? 'refused' : 'same';
    } finally {
      run.end();
    }
  });
}

/** An operator replaces a machine of which a single group stopped, too. Returns whether anything was refused. */
export function watchRefusals(run: CrashCluster): () => boolean {
  let refused = false;
  run.onEvent = (machine, text) => {
    if (machine === VICTIM && text === 'lifecycle.changed failed') refused = true;
    if (machine !== VICTIM || !text.startsWith('group-stopped') || refused) return;
    refused = true;
    run.cluster.director.setTimer(1_000, () => run.cluster.operator.replace(VICTIM));
  };
  return () => refused;
}

/** Flips at places by chance, and whole files lost or cut. */
async function drawDamages(scenario: Scenario, seed: number, count: number): Promise<Damage[]> {
  const run = clusterOf(scenario, seed);
  await scenario.prepare(run);
  await scenario.body(run);
  run.cluster.node(VICTIM).kill();
  const { files } = run.cluster.node(VICTIM).disk;
  run.end();
  const prng = new Prng(`${seed}/members/${scenario.name}`);
  const lost = fileDamages(files, NO_HISTORY).filter(({ kind }) => kind === 'delete' || kind === 'truncate');
  const paths = files.paths();
  return Array.from({ length: count }, (_, number): Damage => {
    if (number % 4 === 0) return prng.pick(lost);
    const path = prng.pick(paths);
    // Where something was written, mostly: the rest of a segment is zeros.
    const length = Math.min(files.peek(path)?.length ?? 1, number % 4 === 1 ? 600 : 6_000);
    return { kind: 'flip', path, at: prng.integer(0, length), mask: 1 << prng.integer(0, 8) };
  });
}
