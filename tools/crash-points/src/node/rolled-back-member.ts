import type { MemoryFiles } from '@flotilla/storage/memory';
import type { Tally } from '../report/tally.js';
import { watchSteps } from './crash-point.js';
import { VICTIM, watchRefusals } from './damaged-member.js';
import { clusterOf, type Scenario } from './scenario.js';

/**
 * Puts an earlier copy of its whole folder under one member while it is down, taken at its n-th step of a scenario, and starts it again. No folder knows
 * that it is such a copy: it is what the leader knows of the replica that tells. It stops, an operator replaces it, and the
 * cluster heals; or it lacks nothing that it had acknowledged, and goes on.
 */
export async function rolledBackMembers(scenario: Scenario, seed: number, count: number, tally: Tally): Promise<void> {
  const copies = await copiesOf(scenario, seed);
  for (let at = 0; at < count; at++) {
    const number = Math.floor((at * copies) / count) + 1;
    await rolledBackMember(scenario, seed, number, tally);
  }
}

/** One earlier copy, again: that of the victim's step with this number. */
export async function rolledBackMember(scenario: Scenario, seed: number, number: number, tally: Tally): Promise<void> {
  const replay = `--only flips --scenario ${scenario.name} --seed ${seed} --damage rollback:${number}`;
  await tally.flip('whole folder of an earlier time, in a cluster', replay, async () => {
    // Rules that know the disk's past would find it broken at once, and rightly so.
    const run = clusterOf(scenario, seed, { tolerated: 'refusal', isContinued: true });
    try {
      await scenario.prepare(run);
      let copy: MemoryFiles | undefined;
      const { disk } = run.cluster.node(VICTIM);
      const stop = watchSteps(run, (step) => {
        if (step.machine === VICTIM && step.kind === 'call' && step.number === number) copy = disk.files.fork('all');
        return undefined;
      });
      await scenario.body(run);
      stop();
      if (copy === undefined) throw new RangeError(`${VICTIM} has no step ${number}`);
      run.cluster.node(VICTIM).kill();
      disk.replaceBy(copy);
      disk.isDamaged = true;
      const refused = watchRefusals(run);
      run.start(VICTIM);
      await run.world.advance(3_000);
      await run.write(2, 2);
      await run.check(scenario.voters, undefined);
      return refused() ? 'refused' : 'same';
    } finally {
      run.end();
    }
  });
}

/** How many calls the victim's disk gets in the body of the scenario. */
async function copiesOf(scenario: Scenario, seed: number): Promise<number> {
  const run = clusterOf(scenario, seed);
  await scenario.prepare(run);
  let calls = 0;
  watchSteps(run, ({ machine, kind, number }) => {
    if (machine === VICTIM && kind === 'call') calls = number;
    return undefined;
  });
  await scenario.body(run);
  run.end();
  return calls;
}
