import type { CrashCluster } from './crash-cluster.js';
import type { Scenario } from './scenario.js';

/** One node is found, used until its log was compacted more than once, stopped in good order, and used again. */
const single: Scenario = {
  name: 'single',
  nodes: 1,
  valueBytes: 200,
  voters: 1,
  members: 1,
  prepare: async () => undefined,
  async body(run) {
    run.start();
    await run.rest(1);
    await run.write(3, 7);
    await run.stop('n1');
    run.start();
    await run.rest(1);
    await run.write(3, 4);
  },
};

/** A founder founds, two others join at the same time, learn, and are promoted. */
const join: Scenario = {
  name: 'join',
  nodes: 3,
  valueBytes: 100,
  voters: 3,
  members: 3,
  prepare: async () => undefined,
  async body(run) {
    run.start();
    await run.rest(3);
    await run.write(2, 2);
  },
};

/** Three nodes write, compact, and save what they know. */
const writes: Scenario = {
  name: 'writes',
  nodes: 3,
  valueBytes: 300,
  voters: 3,
  members: 3,
  async prepare(run) {
    run.start();
    await run.rest(3);
  },
  async body(run) {
    await run.write(4, 8);
    await run.rest(3);
  },
};

/** A follower was away for so long that it must be sent a snapshot, in several chunks. */
const snapshot: Scenario = {
  name: 'snapshot',
  nodes: 3,
  valueBytes: 700,
  voters: 3,
  members: 3,
  async prepare(run) {
    run.start();
    await run.rest(3);
    await run.write(6, 1);
    run.cluster.node('n3').kill();
    await run.write(6, 5);
  },
  async body(run) {
    run.start('n3');
    await run.rest(3);
    await run.write(2, 1);
  },
};

/** A fourth machine joins, and the founder is taken out: groups are opened here and dropped there. */
const removal: Scenario = {
  name: 'removal',
  nodes: 4,
  valueBytes: 100,
  voters: 3,
  members: 4,
  async prepare(run) {
    run.start();
    await run.rest();
    await run.write(3, 2);
  },
  async body(run) {
    await removeFounder(run);
    await run.rest(3);
    await run.write(2, 1);
  },
  finish: removeFounder,
};

/** Takes machine n1 out of the cluster, as often as it must be asked for. */
async function removeFounder(run: CrashCluster): Promise<void> {
  const { cluster } = run;
  run.leaves('n1');
  const isOut = (): boolean =>
    run.machines.some(
      ({ name, running }) =>
        name !== 'n1' &&
        running?.lifecycle.phase === 'ready' &&
        running.topology().nodes.get(1)?.state === 'decommissioned',
    );
  let asked: Promise<unknown> | undefined;
  await run.until('the removal of n1', () => {
    if (isOut()) return true;
    asked ??= cluster.admin.members
      .remove(1)
      .catch(() => undefined)
      .finally(() => {
        asked = undefined;
      });
    return false;
  });
  run.left('n1');
}

export const SCENARIOS: readonly Scenario[] = [single, join, writes, snapshot, removal];
