import { describe, expect, test } from 'vitest';
import { createMessage, MessageType, Role, type Message } from '../src/index.js';
import { TestCluster, type NodeOptions, type TestNode } from './test-cluster.js';

const three = { voters: [1, 2, 3] } as const;
const five = { voters: [1, 2, 3, 4, 5] } as const;

const readsOf = (node: TestNode): readonly string[] =>
  node.readStates.map(({ context, index }) => `${context}@${index}`);
const isBeat = ({ type }: Message): boolean => type === MessageType.Heartbeat;
const isBeatAnswer = ({ type }: Message): boolean => type === MessageType.HeartbeatResp;

function led(voters: { readonly voters: readonly number[] } = three, options: NodeOptions = {}): TestCluster {
  const cluster = TestCluster.of(voters, options);
  cluster.elect(1);
  cluster.sent.length = 0;
  return cluster;
}

describe('read index by a round of heartbeats (thesis, section 6.4)', () => {
  test('a read is answered with the commit index once a quorum has confirmed the leader', () => {
    const cluster = led();
    cluster.raw(1).readIndex(7);
    cluster.ready(cluster.node(1));
    expect(readsOf(cluster.node(1))).toEqual([]);
    cluster.settle();
    expect(readsOf(cluster.node(1))).toEqual(['7@2']);
  });

  test('without a quorum it is never answered', () => {
    const cluster = led();
    cluster.isolate(1);
    cluster.raw(1).readIndex(7);
    cluster.pass(5);
    expect(readsOf(cluster.node(1))).toEqual([]);
  });

  test('of five, one answer is not a quorum, two are', () => {
    const cluster = led(five);
    cluster.raw(1).readIndex(7);
    cluster.ready(cluster.node(1));
    cluster.deliver(({ to }) => to === 2);
    cluster.settle(2);
    cluster.deliver(isBeatAnswer);
    cluster.settle(1);
    expect(readsOf(cluster.node(1))).toEqual([]);
    cluster.deliver(({ to }) => to === 3);
    cluster.settle(3);
    cluster.deliver(isBeatAnswer);
    cluster.settle(1);
    expect(readsOf(cluster.node(1))).toEqual(['7@2']);
  });

  test('the index is that of when the read was asked, not of when it was confirmed', () => {
    const cluster = led();
    cluster.raw(1).readIndex(7);
    cluster.ready(cluster.node(1));
    const beats = cluster.drop(isBeat);
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.send(beats);
    cluster.settle();
    expect(readsOf(cluster.node(1))).toEqual(['7@2']);
  });

  test('answers of learners and strangers confirm nothing', () => {
    const cluster = TestCluster.of({ voters: [1, 2, 3], learners: [4] });
    cluster.elect(1);
    cluster.isolate(2);
    cluster.isolate(3);
    cluster.raw(1).readIndex(7);
    cluster.pass(3);
    expect(readsOf(cluster.node(1))).toEqual([]);
  });

  test('one answer confirms all reads that were asked before its heartbeat, in order', () => {
    const cluster = led();
    for (const context of [1, 2, 3]) cluster.raw(1).readIndex(context);
    cluster.settle();
    expect(readsOf(cluster.node(1))).toEqual(['1@2', '2@2', '3@2']);
  });

  test("the same number may be asked again: reads are kept by position, not by the caller's number", () => {
    const cluster = led();
    cluster.raw(1).readIndex(5);
    cluster.settle();
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.raw(1).readIndex(5);
    cluster.settle();
    expect(readsOf(cluster.node(1))).toEqual(['5@2', '5@3']);
  });

  test('a heartbeat of the clock renews the question when the first was lost', () => {
    const cluster = led();
    cluster.raw(1).readIndex(7);
    cluster.ready(cluster.node(1));
    cluster.drop();
    cluster.tick(1);
    cluster.settle();
    expect(readsOf(cluster.node(1))).toEqual(['7@2']);
  });

  test('a single voter answers at once', () => {
    const cluster = TestCluster.of({ voters: [1] });
    cluster.elect(1);
    cluster.raw(1).readIndex(7);
    cluster.settle();
    expect(readsOf(cluster.node(1))).toEqual(['7@2']);
    expect(cluster.sent).toEqual([]);
  });

  test('in a joint configuration both halves must confirm', () => {
    const cluster = led(five);
    cluster.proposeChanges(1, 2, { type: 1, nodeId: 4 }, { type: 1, nodeId: 5 });
    cluster.settle();
    expect(cluster.raw(1).configuration.votersOutgoing).toEqual([1, 2, 3, 4, 5]);
    // A majority of the old half that is none of the new one.
    cluster.isolate(2);
    cluster.isolate(3);
    cluster.raw(1).readIndex(7);
    cluster.pass(2);
    expect(readsOf(cluster.node(1))).toEqual([]);
    cluster.heal();
    cluster.pass(2);
    expect(readsOf(cluster.node(1))).toEqual(['7@3']);
  });
});

describe('reads at followers', () => {
  test('the leader is asked, and the follower gets the index for its own number', () => {
    const cluster = led();
    cluster.raw(2).readIndex(7);
    cluster.raw(3).readIndex(7);
    cluster.settle();
    expect(readsOf(cluster.node(1))).toEqual([]);
    expect(readsOf(cluster.node(2))).toEqual(['7@2']);
    expect(readsOf(cluster.node(3))).toEqual(['7@2']);
  });

  test('a learner may read too', () => {
    const cluster = TestCluster.of({ voters: [1, 2, 3], learners: [4] });
    cluster.elect(1);
    cluster.raw(4).readIndex(9);
    cluster.settle();
    expect(readsOf(cluster.node(4))).toEqual(['9@2']);
  });

  test('without a leader the read is gone, and that is said', () => {
    const cluster = TestCluster.of(three);
    expect(cluster.raw(1).readIndex(7)).not.toBe('ok');
    cluster.elect(2);
    expect(readsOf(cluster.node(1))).toEqual([]);
  });
});

describe('stale reads that others have served', () => {
  test('etcd #7331: a new leader answers nothing before it has committed an entry of its own term', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    // An entry is committed on 1 and 2; then 1 is gone, and 2 does not know that it is committed.
    cluster.isolate(3);
    cluster.propose(1, 'a');
    cluster.ready(cluster.node(1));
    cluster.settle(2);
    cluster.deliver(({ to }) => to === 1);
    cluster.ready(cluster.node(1));
    expect(cluster.raw(1).commit).toBe(3);
    cluster.drop();
    cluster.heal();
    cluster.isolate(1);
    // 2 is elected, its first entry is appended, but nobody has acknowledged it.
    cluster.loseType(MessageType.AppResp);
    cluster.raw(2).campaign();
    cluster.settle();
    expect(cluster.raw(2)).toMatchObject({ role: Role.Leader, commit: 2 });
    cluster.raw(2).readIndex(7);
    cluster.pass(2);
    expect(readsOf(cluster.node(2))).toEqual([]);
    cluster.heal();
    cluster.isolate(1);
    cluster.pass(2);
    expect(readsOf(cluster.node(2))).toEqual(['7@4']);
  });

  test('a read that waited for the first commit is lost with the leadership, not answered by the next leader', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(3);
    cluster.loseType(MessageType.AppResp);
    cluster.elect(1);
    expect(cluster.raw(1).role).toBe(Role.Leader);
    cluster.raw(1).readIndex(7);
    cluster.heal();
    cluster.drop();
    cluster.elect(2);
    cluster.propose(2, 'a');
    cluster.pass(3);
    expect(readsOf(cluster.node(1))).toEqual([]);
    expect(readsOf(cluster.node(2))).toEqual([]);
  });

  test('etcd #20418: answers to heartbeats from before the read confirm nothing', () => {
    const cluster = led(five);
    // Answers to earlier heartbeats are still on their way.
    cluster.tick(1);
    cluster.ready(cluster.node(1));
    cluster.deliver(isBeat);
    for (const id of [2, 3, 4, 5]) cluster.settle(id);
    const late = cluster.drop(isBeatAnswer);
    expect(late).toHaveLength(4);
    // Meanwhile others elect, commit and forget this leader.
    cluster.isolate(1);
    cluster.elect(2);
    cluster.propose(2, 'new');
    cluster.settle();
    cluster.raw(1).readIndex(7);
    for (const answer of late) cluster.step(answer);
    cluster.settle(1);
    expect(readsOf(cluster.node(1))).toEqual([]);
  });

  test('etcd #20418: a retried read is a new position: late, doubled answers to the first try do not count for the second', () => {
    const cluster = led(five);
    cluster.raw(1).readIndex(7);
    cluster.ready(cluster.node(1));
    cluster.deliver(isBeat);
    for (const id of [2, 3, 4, 5]) cluster.settle(id);
    const answers = cluster.drop(isBeatAnswer);
    // One answer is not enough. The caller retries with the same number.
    cluster.step(answers[0] as Message);
    expect(readsOf(cluster.node(1))).toEqual([]);
    cluster.raw(1).readIndex(7);
    cluster.settle(1);
    // The others have a new leader that commits.
    cluster.isolate(1);
    cluster.drop();
    cluster.elect(2);
    cluster.propose(2, 'new');
    cluster.settle();
    // Late and doubled: the first try is confirmed, for it was asked before; the second is not.
    for (const answer of [...answers, ...answers]) cluster.step(answer);
    cluster.settle(1);
    expect(readsOf(cluster.node(1))).toEqual(['7@2']);
  });

  test('a deposed leader that does not know it serves nothing (etcd 0.4, Consul, 2014)', () => {
    const cluster = led();
    cluster.isolate(1);
    cluster.elect(2);
    cluster.propose(2, 'new');
    cluster.settle();
    cluster.raw(1).readIndex(7);
    cluster.pass(20);
    cluster.heal();
    cluster.pass(5);
    expect(readsOf(cluster.node(1))).toEqual([]);
  });

  test('an answer with a position that was never sent is refused', () => {
    const cluster = led();
    cluster.raw(1).readIndex(7);
    const answer = createMessage({ type: MessageType.HeartbeatResp, from: 2, to: 1, term: 1, context: 99 });
    expect(cluster.step(answer)).toBe('beyond-log');
    cluster.ready(cluster.node(1));
    expect(readsOf(cluster.node(1))).toEqual([]);
  });

  test('a leader that was removed from a group of which one voter is left asks that one', () => {
    const cluster = led({ voters: [1, 2] });
    cluster.proposeChanges(1, 0, { type: 1, nodeId: 1 });
    cluster.settle();
    expect(cluster.raw(1)).toMatchObject({ role: Role.Leader, configuration: { voters: [2] } });
    cluster.isolate(1);
    cluster.elect(2);
    cluster.propose(2, 'new');
    cluster.settle();
    cluster.raw(1).readIndex(7);
    cluster.pass(3);
    expect(readsOf(cluster.node(1))).toEqual([]);
  });
});

describe('lease reads (thesis, section 6.4.1)', () => {
  const options: NodeOptions = { checkQuorum: true, readOnly: 'lease-based' };

  test('a leader answers at once, without a message', () => {
    const cluster = led(three, options);
    cluster.raw(1).readIndex(7);
    cluster.ready(cluster.node(1));
    expect(readsOf(cluster.node(1))).toEqual(['7@2']);
    expect(cluster.sent).toEqual([]);
  });

  test('followers get their answer in one round trip', () => {
    const cluster = led(three, options);
    cluster.raw(3).readIndex(7);
    cluster.settle();
    expect(readsOf(cluster.node(3))).toEqual(['7@2']);
    expect(cluster.sent.some(isBeat)).toBe(false);
  });

  test('also a leader with a lease waits for the first commit of its term', () => {
    const cluster = TestCluster.of(three, { ...options, electionJitter: () => 5 });
    cluster.elect(2);
    cluster.raw(2).transferLeadership(1);
    cluster.loseType(MessageType.AppResp);
    cluster.settle();
    expect(cluster.raw(1)).toMatchObject({ role: Role.Leader, term: 2 });
    cluster.raw(1).readIndex(7);
    cluster.ready(cluster.node(1));
    expect(readsOf(cluster.node(1))).toEqual([]);
    cluster.heal();
    cluster.pass(2);
    expect(readsOf(cluster.node(1))).toEqual(['7@3']);
  });

  test('nobody can be elected while the lease lasts: voters that hear of the leader do not vote', () => {
    const cluster = led(three, options);
    cluster.raw(2).campaign();
    cluster.settle();
    expect(cluster.leaders).toEqual([1]);
    expect(cluster.raw(3).term).toBe(1);
  });

  test('a leader that lost its quorum has no lease after two election timeouts', () => {
    const cluster = led(three, options);
    cluster.isolate(1);
    cluster.tick(1, 20);
    expect(cluster.raw(1).role).toBe(Role.Follower);
    cluster.raw(1).readIndex(7);
    cluster.ready(cluster.node(1));
    expect(readsOf(cluster.node(1))).toEqual([]);
  });

  test('followers do not forget the leader, for it counts on them', () => {
    const cluster = led(three, options);
    cluster.raw(2).forgetLeader();
    expect(cluster.raw(2).leader).toBe(1);
  });
});
