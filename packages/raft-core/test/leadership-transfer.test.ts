import { describe, expect, test } from 'vitest';
import { createMessage, MessageType, Role } from '../src/index.js';
import { TestCluster, typeName, type NodeOptions } from './test-cluster.js';

const three = { voters: [1, 2, 3] } as const;

function led(options: NodeOptions = {}): TestCluster {
  const cluster = TestCluster.of({ voters: [1, 2, 3], learners: [4] }, options);
  cluster.elect(1);
  cluster.sent.length = 0;
  return cluster;
}

describe('leadership transfer (thesis, section 3.10)', () => {
  test('to a follower that has everything: at once', () => {
    const cluster = led();
    cluster.raw(1).transferLeadership(3);
    cluster.ready(cluster.node(1));
    expect(cluster.messages.map(({ type, to }) => `${typeName(type)} to ${to}`)).toEqual(['TimeoutNow to 3']);
    cluster.settle();
    expect(cluster.node(3).state).toBe('Leader term 2 leader 3');
    expect(cluster.node(1).state).toBe('Follower term 2 leader 3');
  });

  test('to one that lags: it is caught up first', () => {
    const cluster = led();
    cluster.isolate(3);
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.drop();
    cluster.heal();
    cluster.raw(1).transferLeadership(3);
    cluster.ready(cluster.node(1));
    expect(cluster.sent.some(({ type }) => type === MessageType.TimeoutNow)).toBe(false);
    cluster.settle();
    cluster.tick(1);
    cluster.settle();
    expect(cluster.node(3).state).toBe('Leader term 2 leader 3');
    expect(cluster.node(3).words).toEqual(['a']);
  });

  test('to one that needs a snapshot', () => {
    const cluster = led();
    cluster.isolate(3);
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.node(1).compact();
    cluster.drop();
    cluster.heal();
    cluster.raw(1).transferLeadership(3);
    for (let tick = 0; tick < 3; tick++) {
      cluster.tick(1);
      cluster.settle();
    }
    expect(cluster.node(3).state).toBe('Leader term 2 leader 3');
  });

  test('asked at a follower, it reaches the leader', () => {
    const cluster = led();
    cluster.raw(2).transferLeadership(3);
    cluster.settle();
    expect(cluster.node(3).state).toBe('Leader term 2 leader 3');
  });

  test('proposals are refused while it lasts, taken again when it failed after an election timeout', () => {
    const cluster = led({ electionTicks: 10 });
    cluster.isolate(3);
    cluster.raw(1).transferLeadership(3);
    expect(cluster.propose(1, 'a')).toEqual({ ok: false, reason: 'transferring', leader: 1 });
    expect(cluster.raw(1).transferee).toBe(3);
    cluster.tick(1, 9);
    expect(cluster.raw(1).transferee).toBe(3);
    cluster.tick(1);
    expect(cluster.raw(1).transferee).toBe(0);
    expect(cluster.propose(1, 'a')).toMatchObject({ ok: true });
    expect(cluster.raw(1).role).toBe(Role.Leader);
  });

  test.each([
    { to: 1, why: 'itself' },
    { to: 4, why: 'a learner' },
    { to: 9, why: 'a stranger' },
  ])('to $why: nothing happens', ({ to }) => {
    const cluster = led();
    cluster.raw(1).transferLeadership(to);
    cluster.settle();
    expect(cluster.raw(1)).toMatchObject({ role: Role.Leader, transferee: 0 });
    expect(cluster.propose(1, 'a')).toMatchObject({ ok: true });
  });

  test('a second wish for the same target changes nothing, for another one it takes over', () => {
    const cluster = led({ electionTicks: 10 });
    cluster.isolate(2);
    cluster.isolate(3);
    cluster.raw(1).transferLeadership(2);
    cluster.tick(1, 5);
    cluster.raw(1).transferLeadership(2);
    cluster.tick(1, 5);
    expect(cluster.raw(1).transferee).toBe(0);
    cluster.raw(1).transferLeadership(2);
    cluster.raw(1).transferLeadership(3);
    expect(cluster.raw(1).transferee).toBe(3);
  });

  test('to a target that leaves the voters meanwhile: it ends', () => {
    const cluster = led();
    // The change is in the log already when the wish comes.
    cluster.raw(1).proposeConfChange({ kind: 'v1', type: 1, nodeId: 3, context: new Uint8Array() });
    cluster.isolate(3);
    cluster.raw(1).transferLeadership(3);
    cluster.settle();
    expect(cluster.raw(1)).toMatchObject({ role: Role.Leader, transferee: 0 });
    expect(cluster.propose(1, 'a')).toMatchObject({ ok: true });
  });

  test('the target skips pre-vote and breaks the lease of the others', () => {
    const cluster = led({ preVote: true, checkQuorum: true });
    cluster.raw(1).transferLeadership(2);
    cluster.settle();
    expect(cluster.node(2).state).toBe('Leader term 2 leader 2');
    expect(cluster.sent.some(({ type }) => type === MessageType.PreVote)).toBe(false);
  });

  test('a pre-vote on its way is not undone by a heartbeat of the old leader (canonical/raft #203)', () => {
    const cluster = led({ preVote: true, checkQuorum: true });
    cluster.raw(1).transferLeadership(2);
    cluster.tick(1);
    cluster.ready(cluster.node(1));
    const beats = cluster.drop(({ type }) => type === MessageType.Heartbeat);
    cluster.deliver();
    cluster.ready(cluster.node(2));
    expect(cluster.node(2).state).toBe('Candidate term 2 leader 0');
    for (const beat of beats) cluster.step(beat);
    cluster.settle();
    expect(cluster.node(2).state).toBe('Leader term 2 leader 2');
  });

  test('a node that is no voter ignores the order to campaign', () => {
    const cluster = led();
    cluster.step(createMessage({ type: MessageType.TimeoutNow, from: 1, to: 4, term: 1 }));
    cluster.settle();
    expect(cluster.leaders).toEqual([1]);
    expect(cluster.raw(4).role).toBe(Role.Follower);
  });

  test('an order of an older term is ignored', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.elect(2);
    cluster.step(createMessage({ type: MessageType.TimeoutNow, from: 1, to: 3, term: 1 }));
    expect(cluster.node(3).state).toBe('Follower term 2 leader 2');
  });

  test('when the old leader crashes in the middle, the group elects as ever', () => {
    const cluster = led();
    cluster.raw(1).transferLeadership(3);
    cluster.ready(cluster.node(1));
    cluster.node(1).crash();
    cluster.settle();
    expect(cluster.leaders).toEqual([3]);
  });
});

describe('forget leader', () => {
  test('a follower that forgets its leader votes at once, although the lease would last', () => {
    const cluster = TestCluster.of(three, { checkQuorum: true, preVote: true });
    cluster.elect(1);
    cluster.node(1).crash();
    cluster.raw(2).forgetLeader();
    cluster.raw(3).forgetLeader();
    cluster.elect(2);
    expect(cluster.node(2).state).toBe('Leader term 2 leader 2');
  });

  test('it follows again as soon as it hears of the leader', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.raw(2).forgetLeader();
    expect(cluster.node(2).state).toBe('Follower term 1 leader 0');
    cluster.pass(1);
    expect(cluster.node(2).state).toBe('Follower term 1 leader 1');
  });
});
