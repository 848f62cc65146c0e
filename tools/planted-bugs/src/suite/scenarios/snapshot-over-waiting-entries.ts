import { ONE_GROUP, type Scenario } from './scenario.js';
import { cutOff, rejoin, replacementIn, statusOf, until } from './steps.js';

const GROUP = 1;

/**
 * etcd #18055: a follower, whose disk hangs, knows that a change of membership is committed; it and what is behind it wait to be applied. Then a
 * snapshot takes the place of all that.
 */
export const snapshotOverWaitingEntries: Scenario = {
  name: 'snapshot-over-waiting-entries',
  source: 'etcd #18055',
  seed: 1,
  plan: {
    nodes: 4,
    faultsMs: 40_000,
    config: {
      ...ONE_GROUP,
      replicationFactor: 3,
      compaction: { entries: 2 },
    },
    workload: { clients: 2, pauseMs: 30, keys: 4, valueBytes: 16 },
  },
  async play(cluster, wait) {
    await wait(2_000);
    const parts = await replacementIn(cluster, wait, GROUP);
    if (parts === undefined) return 'group 1 has no leader with two followers, or nobody is there to take a place';
    const { leader, leaving, staying: hung, coming } = parts;
    const id = coming.nodeId;
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    // The change itself is written; what hangs is the write that says that it is committed.
    const isWaiting = (): boolean => {
      const own = statusOf(hung, GROUP);
      const isTaken = statusOf(leader, GROUP)?.learners.includes(id) === true;
      return isTaken && own !== undefined && own.commitIndex > own.appliedIndex;
    };
    let isHung = false;
    hung.disk.onCall = ({ operation, path }) => {
      if (operation !== 'writeAt' || !path.includes('segment-')) return undefined;
      isHung ||= isWaiting();
      return isHung ? { kind: 'wait', until: released } : undefined;
    };
    cluster.background('replacement', cluster.admin.members.replace(leaving.nodeId, id));
    let isReplaced = false;
    if (await until(wait, 3_000, () => isHung)) {
      const committed = statusOf(hung, GROUP)?.commitIndex ?? 0;
      cutOff(cluster, hung.name);
      await until(wait, 1_000, () => (statusOf(leader, GROUP)?.firstIndex ?? 0) > committed + 1);
      rejoin(cluster, hung.name);
      isReplaced = await until(wait, 2_000, () => (statusOf(hung, GROUP)?.firstIndex ?? 0) > committed + 1);
    }
    hung.disk.onCall = undefined;
    release();
    await wait(3_000);
    return isReplaced ? undefined : 'no snapshot came over entries that wait to be applied';
  },
};
