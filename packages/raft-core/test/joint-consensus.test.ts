import { describe, expect, test } from 'vitest';
import { ConfChangeTransition, Role, TraceKind } from '../src/index.js';
import { Random } from './random.js';
import { TestCluster } from './test-cluster.js';
import { add, configurationOf, learn, remove, three, update, withSpares } from './membership-changes.js';

const { Auto, JointImplicit, JointExplicit } = ConfChangeTransition;

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
