import { describe, expect, test } from 'vitest';
import {
  ConfChangeTransition,
  ConfChangeType,
  MessageType,
  Role,
  TraceKind,
  type ConfChangeSingle,
} from '../src/index.js';
import { RaftInvariants } from './raft-invariants.js';
import { Random } from './random.js';
import { TestCluster, type NodeOptions } from './test-cluster.js';

const { Auto, JointImplicit, JointExplicit } = ConfChangeTransition;
const add = (nodeId: number): ConfChangeSingle => ({ type: ConfChangeType.AddNode, nodeId });
const learn = (nodeId: number): ConfChangeSingle => ({ type: ConfChangeType.AddLearnerNode, nodeId });
const remove = (nodeId: number): ConfChangeSingle => ({ type: ConfChangeType.RemoveNode, nodeId });
const update = (nodeId: number): ConfChangeSingle => ({ type: ConfChangeType.UpdateNode, nodeId });

const three = { voters: [1, 2, 3] } as const;

function withSpares(voters: readonly number[], spares: readonly number[], options: NodeOptions = {}): TestCluster {
  const cluster = TestCluster.of({ voters }, options);
  for (const id of spares) cluster.add(id, undefined, options);
  return cluster;
}

/** Short for expectations: `1 2 3 & 1 2 learners 4 next 3 auto`. */
function configurationOf(cluster: TestCluster, id: number): string {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = cluster.raw(id).configuration;
  let text = voters.join(' ');
  if (votersOutgoing.length > 0) text += ` & ${votersOutgoing.join(' ')}`;
  if (learners.length > 0) text += ` learners ${learners.join(' ')}`;
  if (learnersNext.length > 0) text += ` next ${learnersNext.join(' ')}`;
  return autoLeave ? `${text} auto` : text;
}

describe('single-server changes (thesis, section 4.1)', () => {
  test('a new voter is caught up and takes part', () => {
    const cluster = withSpares([1, 2, 3], [4]);
    cluster.elect(1);
    cluster.propose(1, 'before');
    cluster.settle();
    cluster.proposeChanges(1, Auto, add(4));
    cluster.settle();
    expect(cluster.all.map(({ id }) => configurationOf(cluster, id))).toEqual([
      '1 2 3 4',
      '1 2 3 4',
      '1 2 3 4',
      '1 2 3 4',
    ]);
    expect(cluster.node(4).words).toEqual(['before']);
    cluster.isolate(2);
    cluster.propose(1, 'after');
    cluster.settle();
    expect(cluster.node(4).words).toEqual(['before', 'after']);
  });

  test('it takes effect when it is applied, not when it is appended', () => {
    const cluster = withSpares([1, 2, 3], [4]);
    cluster.elect(1);
    cluster.isolate(2);
    cluster.isolate(3);
    cluster.proposeChanges(1, Auto, add(4));
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1 2 3');
  });

  test('only one change at a time: the next is refused until the last is applied', () => {
    const cluster = withSpares([1, 2, 3], [4, 5]);
    cluster.elect(1);
    expect(cluster.proposeChanges(1, Auto, add(4))).toMatchObject({ ok: true, replaced: undefined });
    expect(cluster.proposeChanges(1, Auto, add(5))).toMatchObject({ ok: true, replaced: 'pending' });
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1 2 3 4');
    expect(cluster.proposeChanges(1, Auto, add(5))).toMatchObject({ ok: true, replaced: undefined });
    cluster.settle();
    expect(configurationOf(cluster, 5)).toBe('1 2 3 4 5');
  });

  test('a refused change leaves an empty entry, so that index and term of the answer hold', () => {
    const cluster = withSpares([1, 2, 3], [4, 5]);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, add(4));
    const refused = cluster.proposeChanges(1, Auto, add(5));
    expect(refused).toMatchObject({ ok: true, index: 4 });
    cluster.settle();
    expect(cluster.node(1).appliedEntries.at(-1)).toMatchObject({ index: 4, type: 0 });
  });

  test('a removed follower hears nothing more, and counts no more', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, remove(3));
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1 2');
    cluster.sent.length = 0;
    cluster.isolate(2);
    cluster.propose(1, 'a');
    cluster.pass(5);
    expect(cluster.sent.filter(({ to }) => to === 3)).toEqual([]);
    expect(cluster.node(1).words).toEqual([]);
  });

  test('removing a voter may commit what waited for it', () => {
    const cluster = TestCluster.of({ voters: [1, 2, 3, 4] });
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, remove(4));
    cluster.settle();
    cluster.isolate(3);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.node(2).words).toEqual(['a']);
  });

  test('an update changes no configuration, but is applied', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.raw(1).proposeConfChange({ kind: 'v1', ...update(2), context: new Uint8Array([1, 2, 3]) });
    cluster.settle();
    expect(configurationOf(cluster, 2)).toBe('1 2 3');
    expect(cluster.node(2).appliedIndex).toBe(3);
  });

  test('a change that would leave no voters never enters the log', () => {
    const cluster = TestCluster.of({ voters: [1] });
    cluster.elect(1);
    expect(cluster.proposeChanges(1, Auto, remove(1))).toMatchObject({ ok: true, replaced: 'impossible' });
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1');
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.node(1).words).toEqual(['a']);
  });
});

describe('the leader removes itself (thesis, section 4.2.2)', () => {
  test.each([
    [true, Role.Follower],
    [false, Role.Leader],
  ])('with stepDownOnRemoval %s, once that is applied, it is in role %d', (stepDownOnRemoval, role) => {
    const cluster = TestCluster.of(three, { stepDownOnRemoval });
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, remove(1));
    cluster.settle();
    expect(configurationOf(cluster, 2)).toBe('2 3');
    expect(cluster.raw(1).role).toBe(role);
  });

  test('it does not count itself for commits from then on, nor take proposals', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, remove(1));
    cluster.settle();
    expect(cluster.propose(1, 'a')).toEqual({ ok: false, reason: 'removed', leader: 1 });
  });

  test('it leads on until the removal is committed by the others as well as itself', () => {
    const cluster = TestCluster.of(three, { stepDownOnRemoval: true });
    cluster.elect(1);
    cluster.isolate(1);
    cluster.proposeChanges(1, Auto, remove(1));
    cluster.settle();
    expect(cluster.raw(1).role).toBe(Role.Leader);
    cluster.heal();
    cluster.tick(1);
    cluster.settle();
    expect(cluster.raw(1).role).toBe(Role.Follower);
  });

  test('a demoted leader steps down too, and goes on as a learner', () => {
    const cluster = TestCluster.of(three, { stepDownOnRemoval: true });
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, learn(1));
    cluster.settle();
    expect(configurationOf(cluster, 2)).toBe('2 3 learners 1');
    expect(cluster.raw(1).role).toBe(Role.Follower);
    cluster.elect(2);
    cluster.propose(2, 'a');
    cluster.settle();
    expect(cluster.node(1).words).toEqual(['a']);
  });

  test('whoever is left elects a new leader', () => {
    const random = new Random(1);
    const electionJitter = (ticks: number): number => random.below(ticks);
    const options = { stepDownOnRemoval: true, preVote: true, checkQuorum: true, electionJitter };
    const cluster = TestCluster.of(three, options);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, remove(1));
    cluster.settle();
    cluster.pass(60);
    expect(cluster.leaders).toHaveLength(1);
    expect([2, 3]).toContain(cluster.leaders[0]);
  });
});

describe('learners catch up new voters (thesis, section 4.2.1)', () => {
  test('a learner has the log but no voice: neither commits nor elections wait for it', () => {
    const cluster = withSpares([1, 2, 3], [4]);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, learn(4));
    cluster.settle();
    expect(configurationOf(cluster, 4)).toBe('1 2 3 learners 4');
    cluster.isolate(4);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.node(2).words).toEqual(['a']);
    cluster.isolate(2);
    cluster.heal();
    cluster.isolate(2);
    cluster.isolate(3);
    cluster.propose(1, 'b');
    cluster.settle();
    expect(cluster.node(4).words).toEqual(['a']);
  });

  test('promotion keeps what is known of its log', () => {
    const cluster = withSpares([1, 2, 3], [4]);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, learn(4));
    cluster.settle();
    cluster.proposeChanges(1, Auto, add(4));
    cluster.settle();
    expect(configurationOf(cluster, 4)).toBe('1 2 3 4');
    expect(cluster.node(1).progressOf(4)).toBe(
      `Replicate match ${cluster.raw(1).lastIndex} next ${cluster.raw(1).lastIndex + 1}`,
    );
  });

  test('a voter can be demoted, and is one voice less', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, learn(3));
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1 2 learners 3');
    cluster.isolate(2);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.node(1).words).toEqual([]);
  });
});

describe('joint consensus (Raft paper, section 6; thesis, section 4.3)', () => {
  const replaceTwo = [add(4), add(5), remove(2), remove(3)];

  test('several changes at once go through a joint configuration, which is left by itself', () => {
    const cluster = withSpares([1, 2, 3], [4, 5]);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, ...replaceTwo);
    cluster.settle();
    for (const id of [1, 4, 5]) expect(configurationOf(cluster, id)).toBe('1 4 5');
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.node(5).words).toEqual(['a']);
  });

  test('an explicit one stays until it is left, and takes no other change meanwhile', () => {
    const cluster = withSpares([1, 2, 3], [4, 5]);
    cluster.elect(1);
    cluster.proposeChanges(1, JointExplicit, ...replaceTwo);
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1 4 5 & 1 2 3');
    expect(cluster.proposeChanges(1, Auto, add(2))).toMatchObject({ replaced: 'joint' });
    cluster.settle();
    expect(cluster.proposeChanges(1, Auto)).toMatchObject({ replaced: undefined });
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1 4 5');
  });

  test('one that is not joint cannot be left, and it is left once only (etcd #12582)', () => {
    const cluster = withSpares([1, 2, 3], [4]);
    cluster.elect(1);
    expect(cluster.proposeChanges(1, Auto)).toMatchObject({ replaced: 'not-joint' });
    cluster.settle();
    cluster.proposeChanges(1, JointExplicit, add(4));
    cluster.settle();
    expect(cluster.proposeChanges(1, Auto)).toMatchObject({ replaced: undefined });
    expect(cluster.proposeChanges(1, Auto)).toMatchObject({ replaced: 'pending' });
    cluster.settle();
    expect(configurationOf(cluster, 4)).toBe('1 2 3 4');
    expect(cluster.proposeChanges(1, Auto)).toMatchObject({ replaced: 'not-joint' });
  });

  test('implicit: also a single change goes through it, and comes out by itself', () => {
    const cluster = withSpares([1, 2, 3], [4]);
    cluster.elect(1);
    cluster.proposeChanges(1, JointImplicit, add(4));
    cluster.settle();
    const seen = cluster
      .node(1)
      .events.flatMap((event) =>
        event.kind === TraceKind.ConfigurationSwitched ? [event.configuration.votersOutgoing.length] : [],
      );
    expect(seen).toEqual([0, 3, 0]);
    expect(configurationOf(cluster, 1)).toBe('1 2 3 4');
  });

  test.each([
    { cut: [2, 3], why: 'the old half has no majority' },
    { cut: [4, 5], why: 'the new half has no majority' },
  ])('while it is joint nothing is committed when $why', ({ cut }) => {
    const cluster = withSpares([1, 2, 3], [4, 5]);
    cluster.elect(1);
    cluster.proposeChanges(1, JointExplicit, ...replaceTwo);
    cluster.settle();
    for (const id of cut) cluster.isolate(id);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.node(1).words).toEqual([]);
    cluster.heal();
    cluster.tick(1);
    cluster.settle();
    expect(cluster.node(1).words).toEqual(['a']);
  });

  test.each([
    { cut: [1, 4, 5], candidate: 2, wins: false },
    { cut: [1, 3], candidate: 2, wins: false },
    { cut: [1], candidate: 2, wins: true },
    { cut: [1], candidate: 4, wins: true },
    { cut: [1, 2], candidate: 4, wins: false },
  ])('while it is joint, with $cut away, $candidate is elected: $wins', ({ cut, candidate, wins }) => {
    const cluster = withSpares([1, 2, 3], [4, 5]);
    cluster.elect(1);
    cluster.proposeChanges(1, JointExplicit, ...replaceTwo);
    cluster.settle();
    cluster.partition([1, 2, 3, 4, 5].filter((id) => !cut.includes(id)));
    cluster.elect(candidate);
    expect(cluster.raw(candidate).role === Role.Leader).toBe(wins);
  });

  test('a demoted voter stays a voter of the old half until the configuration is left', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.proposeChanges(1, JointExplicit, learn(3), update(2));
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1 2 & 1 2 3 next 3');
    cluster.proposeChanges(1, Auto);
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1 2 learners 3');
  });

  test('it is never left before it is committed by both halves', () => {
    const cluster = withSpares([1, 2, 3], [4, 5]);
    cluster.elect(1);
    cluster.lose(({ to }) => to >= 4);
    cluster.proposeChanges(1, Auto, ...replaceTwo);
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1 4 5 & 1 2 3 auto');
    // To leave it is proposed, but needs a majority of the new half.
    cluster.pass(5);
    expect(configurationOf(cluster, 1)).toBe('1 4 5 & 1 2 3 auto');
    expect(configurationOf(cluster, 2)).toBe('1 4 5 & 1 2 3 auto');
    cluster.heal();
    cluster.pass(5);
    expect(configurationOf(cluster, 1)).toBe('1 4 5');
  });

  test('a leader that is lost before it left is succeeded by one that does (etcd #12136)', () => {
    const random = new Random(1);
    const electionJitter = (ticks: number): number => random.below(ticks);
    const cluster = withSpares([1, 2, 3], [4, 5], { preVote: true, checkQuorum: true, electionJitter });
    cluster.elect(1);
    cluster.lose(({ to }) => to >= 4);
    cluster.proposeChanges(1, Auto, add(4), add(5), remove(3));
    cluster.settle();
    expect(configurationOf(cluster, 2)).toBe('1 2 4 5 & 1 2 3 auto');
    cluster.drop();
    cluster.heal();
    cluster.isolate(1);
    cluster.pass(200);
    const [leader = 0] = cluster.leaders.filter((id) => id !== 1);
    expect(configurationOf(cluster, leader)).toBe('1 2 4 5');
    cluster.heal();
    cluster.pass(50);
    expect(configurationOf(cluster, 1)).toBe('1 2 4 5');
  });

  test('while leadership is being transferred it is not left, but after', () => {
    const cluster = withSpares([1, 2, 3], [4]);
    cluster.elect(1);
    cluster.isolate(3);
    cluster.raw(1).transferLeadership(3);
    expect(cluster.proposeChanges(1, JointImplicit, add(4))).toMatchObject({ ok: false, reason: 'transferring' });
    cluster.tick(1, 10);
    cluster.settle();
    cluster.heal();
    cluster.tick(1);
    cluster.settle();
    expect(cluster.proposeChanges(1, JointImplicit, add(4))).toMatchObject({ ok: true });
    cluster.settle();
    expect(configurationOf(cluster, 4)).toBe('1 2 3 4');
  });

  test('configuration and leaving survive restarts', () => {
    const cluster = withSpares([1, 2, 3], [4, 5]);
    cluster.elect(1);
    cluster.proposeChanges(1, JointExplicit, ...replaceTwo);
    cluster.settle();
    for (const node of cluster.all) node.compact();
    for (const node of cluster.all) node.restart();
    for (const { id } of cluster.all) expect(configurationOf(cluster, id)).toBe('1 4 5 & 1 2 3');
    cluster.elect(4);
    cluster.proposeChanges(4, Auto);
    cluster.settle();
    expect(configurationOf(cluster, 4)).toBe('1 4 5');
  });
});

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

describe('bootstrap', () => {
  test('founders that bootstrap with the same members elect a leader', () => {
    const cluster = new TestCluster();
    for (const id of [1, 2, 3]) cluster.add(id, undefined).raw.bootstrap([{ id: 1 }, { id: 2 }, { id: 3 }]);
    cluster.settle();
    for (const id of [1, 2, 3]) expect(configurationOf(cluster, id)).toBe('1 2 3');
    cluster.elect(2);
    cluster.propose(2, 'a');
    cluster.settle();
    expect(cluster.node(1).words).toEqual(['a']);
  });

  test('it is refused on a log that holds anything', () => {
    const cluster = TestCluster.of(three);
    expect(() => cluster.raw(1).bootstrap([{ id: 1 }])).toThrow(/bootstrap/);
  });
});
