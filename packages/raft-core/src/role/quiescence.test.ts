import { describe, expect, test } from 'vitest';
import { TestCluster } from '../../test/test-cluster.js';
import { createMessage, MessageType, Role } from '../index.js';

function idle(options = {}): TestCluster {
  const cluster = TestCluster.of({ voters: [1, 2, 3] }, { checkQuorum: true, preVote: true, ...options });
  cluster.elect(1);
  cluster.propose(1, 'a');
  cluster.settle();
  return cluster;
}

describe('a group that is idle', () => {
  test('stops its clocks, and neither beats nor elects from then on', () => {
    const cluster = idle();
    for (const { raw } of cluster.all) expect([raw.quiesce(), raw.quiesced]).toEqual([true, true]);
    const sent = cluster.sent.length;
    cluster.pass(100);
    expect(cluster.sent.length).toBe(sent);
    expect(cluster.raw(1).role).toBe(Role.Leader);
  });

  test('stops although a learner is away, and a learner that comes back gets what it lacks', () => {
    const cluster = TestCluster.of({ voters: [1, 2, 3], learners: [4] }, { checkQuorum: true, preVote: true });
    cluster.elect(1);
    cluster.isolate(4);
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.raw(1).tick();
    cluster.settle();
    expect([1, 2, 3].map((id) => cluster.raw(id).quiesce())).toEqual([true, true, true]);
    cluster.heal();
    cluster.raw(1).wake();
    cluster.settle();
    expect(cluster.node(4).words).toEqual(['a']);
  });

  test('a proposal wakes the leader, its messages wake the followers, and the leader is not deposed', () => {
    const cluster = idle();
    for (const { raw } of cluster.all) raw.quiesce();
    cluster.pass(100);
    expect(cluster.propose(1, 'b').ok).toBe(true);
    cluster.settle();
    expect(cluster.all.map(({ raw, words }) => [raw.quiesced, words])).toEqual([
      [false, ['a', 'b']],
      [false, ['a', 'b']],
      [false, ['a', 'b']],
    ]);
    cluster.pass(100);
    expect([cluster.leaders, cluster.raw(1).term]).toEqual([[1], 1]);
  });

  test('a read wakes the leader', () => {
    const cluster = idle();
    for (const { raw } of cluster.all) raw.quiesce();
    expect(cluster.raw(1).readIndex(7)).toBe('ok');
    cluster.settle();
    expect(cluster.node(1).readStates).toEqual([{ index: 3, context: 7 }]);
  });

  test('a leader that is woken beats at once, and waits a whole election timeout for answers', () => {
    const cluster = idle();
    for (const { raw } of cluster.all) raw.quiesce();
    cluster.raw(1).wake();
    cluster.ready(cluster.node(1));
    expect(cluster.inFlight).toEqual([
      '1->2 Heartbeat term 1 at 0/0 commit 3',
      '1->3 Heartbeat term 1 at 0/0 commit 3',
    ]);
    cluster.tick(1, 9);
    expect(cluster.raw(1).role).toBe(Role.Leader);
  });

  test('followers that are told of their leader’s death forget it, and elect another', () => {
    const cluster = idle();
    for (const { raw } of cluster.all) raw.quiesce();
    cluster.node(1).crash();
    for (const id of [2, 3]) cluster.raw(id).forgetLeader();
    cluster.raw(2).setElectionTimeout(3);
    cluster.pass(3);
    expect(cluster.leaders).toContain(2);
  });

  test('of the election timeout of a follower whose leader died only the random part is left', () => {
    for (const standing of [true, false]) {
      const cluster = idle();
      if (standing) for (const { raw } of cluster.all) raw.quiesce();
      cluster.node(1).crash();
      cluster.raw(2).setElectionTimeout(13);
      cluster.raw(3).setElectionTimeout(19);
      for (const id of [2, 3]) cluster.raw(id).leaderDied();
      cluster.pass(2);
      expect(cluster.leaders).not.toContain(2);
      cluster.pass(1);
      expect(cluster.leaders).toContain(2);
    }
  });

  test('a leader that is heard of after it was taken for dead is followed again, for a whole timeout', () => {
    const cluster = idle();
    cluster.raw(2).setElectionTimeout(13);
    cluster.raw(2).leaderDied();
    cluster.tick(1, 1);
    cluster.settle();
    expect(cluster.raw(2).leader).toBe(1);
    cluster.tick(2, 12);
    expect(cluster.raw(2).role).toBe(Role.Follower);
    cluster.tick(2, 1);
    expect(cluster.raw(2).role).toBe(Role.PreCandidate);
  });

  test('a candidate wakes those whose vote it asks for', () => {
    const cluster = idle();
    for (const { raw } of cluster.all) raw.quiesce();
    const request = { type: MessageType.PreVote, to: 2, from: 3, term: 2, index: 3, logTerm: 1 };
    cluster.step(createMessage(request));
    expect(cluster.raw(2).quiesced).toBe(false);
  });
});

describe('the clock is not stopped', () => {
  test('with lease-based reads', () => {
    const cluster = idle({ readOnly: 'lease-based' });
    expect(cluster.all.map(({ raw }) => raw.quiesce())).toEqual([false, false, false]);
  });

  test('while an entry is not committed, not applied, or not everywhere', () => {
    const cluster = idle();
    cluster.isolate(3);
    cluster.propose(1, 'b');
    expect(cluster.raw(1).quiesce()).toBe(false);
    cluster.settle();
    expect([cluster.raw(1).commit, cluster.raw(1).applied]).toEqual([4, 4]);
    expect(cluster.raw(1).quiesce()).toBe(false);
    expect(cluster.raw(2).quiesce()).toBe(true);
  });

  test('without a leader, and while one is being elected', () => {
    const cluster = TestCluster.of({ voters: [1, 2, 3] });
    expect(cluster.raw(1).quiesce()).toBe(false);
    cluster.raw(1).campaign();
    expect(cluster.raw(1).quiesce()).toBe(false);
  });

  test('while a read or a transfer waits', () => {
    const cluster = idle();
    cluster.raw(1).readIndex(1);
    expect(cluster.raw(1).quiesce()).toBe(false);
    cluster.settle();
    cluster.raw(1).transferLeadership(2);
    expect(cluster.raw(1).quiesce()).toBe(false);
  });
});
