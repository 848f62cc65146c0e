import { describe, expect, test } from 'vitest';
import { ConfChangeTransition, MessageType, Role, TraceKind } from '../src/index.js';
import { RaftInvariants } from './raft-invariants.js';
import { TestCluster } from './test-cluster.js';
import { add, configurationOf, remove, withSpares } from './membership-changes.js';

const { Auto } = ConfChangeTransition;

/**
 * The bug of single-server changes that Ongaro announced on the raft-dev list in July 2015: a leader that changes the
 * membership before it has committed an entry of its own term may overlook the uncommitted change of an earlier leader,
 * and the majorities of both need not overlap.
 */
describe('the three schedules of the 2015 single-server membership bug', () => {
  const schedules = [
    { name: 'one adds, the other removes', voters: [1, 2, 3, 4], first: add(5), second: remove(1), spares: [5] },
    { name: 'both add', voters: [1, 2, 3, 4], first: add(5), second: add(6), spares: [5, 6] },
    { name: 'both remove', voters: [1, 2, 3, 4, 5], first: remove(5), second: remove(4), spares: [] },
  ];

  test.each(schedules)('$name', ({ voters, first, second, spares }) => {
    const cluster = withSpares(voters, spares);
    const invariants = new RaftInvariants(cluster);
    cluster.elect(1);
    // The leader of term 1 appends a change that reaches nobody.
    cluster.isolate(1);
    cluster.proposeChanges(1, Auto, first);
    cluster.settle();
    invariants.check();
    // Another leads term 2, and changes the membership at once: all that it holds is applied.
    cluster.elect(2);
    expect(cluster.raw(2).role).toBe(Role.Leader);
    expect(cluster.proposeChanges(2, Auto, second)).toMatchObject({ ok: true, replaced: undefined });
    cluster.settle();
    invariants.check();
    const agreed = configurationOf(cluster, 2);
    expect(agreed).not.toBe(configurationOf(cluster, 1));
    // The first leader is back and campaigns, by a configuration that was never in effect anywhere if it could.
    cluster.drop();
    cluster.heal();
    for (let campaign = 0; campaign < 3; campaign++) {
      cluster.raw(1).campaign();
      cluster.settle();
      invariants.check();
    }
    // Whoever leads in the end has the change that was committed, and not the other.
    for (let campaign = 0; campaign < 3; campaign++) cluster.elect(2);
    cluster.settle();
    invariants.check();
    expect(cluster.raw(2).role).toBe(Role.Leader);
    expect(configurationOf(cluster, 2)).toBe(agreed);
  });

  test('an uncommitted change is in effect nowhere, not even at the leader that appended it', () => {
    const cluster = withSpares([1, 2, 3, 4], [5]);
    cluster.elect(1);
    cluster.isolate(1);
    cluster.proposeChanges(1, Auto, add(5));
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1 2 3 4');
  });

  test('a new leader takes no change before all that it found in its log is applied', () => {
    const cluster = TestCluster.of({ voters: [1, 2, 3, 4] });
    cluster.elect(1);
    // A change that 2 has in its log, and nobody knows whether it is committed.
    cluster.lose(({ to }) => to !== 2);
    cluster.proposeChanges(1, Auto, remove(4));
    cluster.settle();
    cluster.drop();
    cluster.heal();
    cluster.isolate(1);
    cluster.loseType(MessageType.AppResp);
    cluster.elect(2);
    expect(cluster.raw(2).role).toBe(Role.Leader);
    expect(cluster.proposeChanges(2, Auto, remove(3))).toMatchObject({ ok: true, replaced: 'pending' });
    cluster.heal();
    cluster.isolate(1);
    cluster.tick(2);
    cluster.settle();
    expect(configurationOf(cluster, 2)).toBe('1 2 3');
    expect(cluster.proposeChanges(2, Auto, remove(1))).toMatchObject({ ok: true, replaced: undefined });
  });
});

/**
 * Configurations that take effect when applied need more care than the thesis says: a node that knows a change to be
 * committed but has not applied it must not campaign by the old configuration (etcd #7280, #11284, etcd/raft #456).
 */
describe('apply-time membership schedules', () => {
  /** {1,2,3}, led by 2, becomes {1,2,3,4,5}; 1 hears nothing of it, 3 has both changes and applies neither. */
  function lagging(): TestCluster {
    const cluster = withSpares([1, 2, 3], [4, 5], { asyncStorageWrites: true });
    cluster.elect(2);
    cluster.isolate(1);
    const settleAllBut3 = (): void => {
      for (let round = 0; round < 50; round++) {
        for (const node of cluster.all) {
          while (cluster.ready(node) || cluster.finishAppend(node));
          if (node.id !== 3) while (cluster.finishApply(node));
        }
        cluster.deliver();
      }
    };
    cluster.proposeChanges(2, Auto, add(4));
    settleAllBut3();
    cluster.proposeChanges(2, Auto, add(5));
    settleAllBut3();
    expect(configurationOf(cluster, 2)).toBe('1 2 3 4 5');
    expect(configurationOf(cluster, 3)).toBe('1 2 3');
    return cluster;
  }

  test('two leaders in one term, by {1,3} and by {2,4,5}: 3 may not campaign while it has changes to apply', () => {
    const cluster = lagging();
    cluster.heal();
    cluster.partition([1, 3], [2, 4, 5]);
    cluster.raw(3).campaign();
    expect(cluster.raw(3).role).toBe(Role.Follower);
    expect(cluster.node(3).events.at(-1)).toMatchObject({
      kind: TraceKind.CampaignIgnored,
      reason: 'pending-conf-change',
    });
    // 1 may, by the old configuration; but its log is too old for 3.
    cluster.raw(1).campaign();
    cluster.settle(1);
    cluster.deliver(({ to }) => to === 3);
    while (cluster.ready(cluster.node(3)) || cluster.finishAppend(cluster.node(3)));
    cluster.settle(1);
    expect(cluster.raw(1).role).not.toBe(Role.Leader);
  });

  test('nor after the clock ran out, nor on the wish of the leader', () => {
    const cluster = lagging();
    cluster.tick(3, 100);
    expect(cluster.raw(3).role).toBe(Role.Follower);
    cluster.raw(2).transferLeadership(3);
    cluster.ready(cluster.node(2));
    cluster.deliver(({ type }) => type === MessageType.TimeoutNow);
    expect(cluster.raw(3).role).toBe(Role.Follower);
  });

  test('once it has applied them it campaigns by the new configuration', () => {
    const cluster = lagging();
    cluster.heal();
    cluster.partition([1, 3], [2, 4, 5]);
    while (
      cluster.ready(cluster.node(3)) ||
      cluster.finishApply(cluster.node(3)) ||
      cluster.finishAppend(cluster.node(3))
    );
    expect(configurationOf(cluster, 3)).toBe('1 2 3 4 5');
    cluster.raw(3).campaign();
    cluster.settle(1, 3);
    expect(cluster.raw(3).role).toBe(Role.Candidate);
  });

  test('after a restart that forgot what was applied it must apply again before it campaigns', () => {
    const cluster = lagging();
    cluster.node(3).restart();
    cluster.raw(3).campaign();
    expect(cluster.raw(3).role).toBe(Role.Follower);
  });

  test('whoever has a second change durably knows the first one to be committed', () => {
    const cluster = lagging();
    const { hardState, entries } = cluster.node(3).disk.image;
    const changes = entries.filter(({ type }) => type === 2).map(({ index }) => index);
    expect(changes).toHaveLength(2);
    expect(hardState.commit).toBeGreaterThanOrEqual(changes[0] ?? Infinity);
  });
});
