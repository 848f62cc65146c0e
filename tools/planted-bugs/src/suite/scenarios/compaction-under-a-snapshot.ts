import { kvRevisionOf, type SimulatedNode } from '@flotilla/simulator';
import { compactEntry, putEntry } from './kv-operations.js';
import { ONE_GROUP, type Scenario } from './scenario.js';
import { leaderOf, statusOf, until } from './steps.js';

const GROUP = 1;

/**
 * A snapshot is pinned, and its file takes its time. Meanwhile what it holds is overwritten, and compacted away: it must hold all of it none the
 * less. The node restarts from it.
 */
export const compactionUnderASnapshot: Scenario = {
  name: 'compaction-under-a-snapshot',
  source: 'a snapshot is the state at its index, however long it takes to write',
  seed: 1,
  plan: {
    nodes: 3,
    faultsMs: 30_000,
    config: {
      ...ONE_GROUP,
      compaction: { entries: 100_000 },
    },
    workload: { clients: 2, pauseMs: 100, keys: 4, valueBytes: 16 },
  },
  async play(cluster, wait) {
    await wait(1_000);
    const leader = await leaderOf(cluster, wait, GROUP);
    const slow = [...cluster.nodes.values()].find(({ name }) => name !== leader?.name);
    if (leader?.running === undefined || slow?.running === undefined) return 'group 1 has no leader';
    const hasApplied = (index: number): boolean => (statusOf(slow, GROUP)?.appliedIndex ?? 0) >= index;
    const first = await overwriteAndCompact(leader.running, 'first');
    await until(wait, 1_000, () => hasApplied(first));
    let held = false;
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    slow.disk.onCall = ({ path }) => {
      if (!path.includes('.partial')) return undefined;
      held = true;
      return { kind: 'wait', until: released };
    };
    const taken = slow.running.snapshotNow(GROUP);
    cluster.background('snapshot', taken);
    if (!(await until(wait, 1_000, () => held))) return 'no file of a snapshot was begun';
    const second = await overwriteAndCompact(leader.running, 'second');
    await until(wait, 1_000, () => hasApplied(second));
    // Compaction drops versions as further commands are applied.
    await wait(1_000);
    slow.disk.onCall = undefined;
    release();
    await taken;
    slow.powerCut('none');
    await wait(100);
    await slow.start();
    await wait(3_000);
    return undefined;
  },
};

/** Writes a pair, and compacts all that was before the write after it; resolves with the index of that. */
async function overwriteAndCompact(node: NonNullable<SimulatedNode['running']>, value: string): Promise<number> {
  await node.proposeToGroup(GROUP, putEntry('pinned', value));
  const { result } = await node.proposeToGroup(GROUP, putEntry('beside it', value));
  const { index } = await node.proposeToGroup(GROUP, compactEntry(kvRevisionOf(result)));
  return index;
}
