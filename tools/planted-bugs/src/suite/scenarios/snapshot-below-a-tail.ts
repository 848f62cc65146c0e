import { putEntry } from './kv-operations.js';
import { ONE_GROUP, type Scenario } from './scenario.js';
import { cutOff, leaderOf, rejoin, statusOf, until } from './steps.js';

const GROUP = 1;
/** Entries that only the deposed leader has. */
const TAIL = 200;

/**
 * hashicorp/raft #697: a deposed leader has a long tail that was never committed; its successor has compacted its log, and sends a snapshot that
 * ends within that tail.
 */
export const snapshotBelowATail: Scenario = {
  name: 'snapshot-below-a-tail',
  source: 'hashicorp/raft #697, #704',
  seed: 1,
  plan: {
    nodes: 3,
    faultsMs: 40_000,
    config: {
      ...ONE_GROUP,
      compaction: { entries: 2 },
    },
    workload: { clients: 3, pauseMs: 300, keys: 10, valueBytes: 16 },
  },
  async play(cluster, wait) {
    for (let round = 0; round < 3; round++) {
      await wait(2_000);
      const old = await leaderOf(cluster, wait, GROUP);
      if (old?.running === undefined) return 'group 1 has no leader';
      cutOff(cluster, old.name);
      for (let entry = 0; entry < TAIL; entry++) {
        old.running.proposeToGroup(GROUP, putEntry(`tail ${round}`, `entry ${entry}`)).catch(() => undefined);
      }
      await wait(10);
      const end = statusOf(old, GROUP)?.lastIndex ?? 0;
      const others = cluster.names.filter((name) => name !== old.name);
      const next = await leaderOf(cluster, wait, GROUP, others);
      if (next === undefined) return 'nobody leads in the place of a leader that is cut off';
      const isCompacted = (): boolean => (statusOf(next, GROUP)?.firstIndex ?? 0) > end - TAIL + 1;
      if (!(await until(wait, 5_000, isCompacted)) || (statusOf(next, GROUP)?.lastIndex ?? 0) >= end) {
        return 'no snapshot ends within the tail';
      }
      rejoin(cluster, old.name);
    }
    return undefined;
  },
};
