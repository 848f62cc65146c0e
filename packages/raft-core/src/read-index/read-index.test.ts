import { describe, expect, test } from 'vitest';
import { bytes, TestCluster } from '../../test/test-cluster.js';
import { ConfChangeTransition, ConfChangeType, MessageType } from '../index.js';

const NO_BYTES = new Uint8Array(0);

describe('a read waits for the first commit of the term (thesis, section 6.4)', () => {
  test('also of a single voter, whose stored commit index may lag behind what it has answered', () => {
    const cluster = TestCluster.of({ voters: [1] });
    const node = cluster.node(1);
    // Twice, so that the term is not the one of the snapshot that the node starts from.
    node.raw.campaign();
    node.raw.campaign();
    cluster.ready(node);
    expect([node.raw.leader, node.raw.term]).toEqual([1, 2]);
    expect(node.raw.readIndex(5)).toBe('ok');
    expect(node.readStates).toEqual([]);
    cluster.settle();
    expect(node.readStates).toEqual([{ index: 2, context: 5 }]);
  });

  test('and is dropped when the term ends before', () => {
    const cluster = TestCluster.of({ voters: [1, 2, 3] });
    cluster.loseType(MessageType.App);
    cluster.elect(1);
    cluster.raw(1).readIndex(5);
    cluster.heal();
    cluster.drop();
    cluster.elect(2);
    cluster.elect(1);
    cluster.pass(3);
    expect(cluster.node(1).readStates).toEqual([]);
  });
});

test('nobody to ask: no read state will come, and the caller is told so', () => {
  const cluster = TestCluster.of({ voters: [1, 2, 3] });
  expect(cluster.raw(1).readIndex(1)).toBe('no-leader');
  cluster.elect(2);
  expect(cluster.raw(1).readIndex(2)).toBe('ok');
  cluster.settle();
  expect(cluster.node(1).readStates).toEqual([{ index: 2, context: 2 }]);
});

test('a joint configuration of one and the same voter confirms its reads alone', () => {
  const cluster = TestCluster.of({ voters: [1] });
  cluster.elect(1);
  const transition = ConfChangeTransition.JointExplicit;
  cluster.proposeChanges(1, transition, { type: ConfChangeType.AddLearnerNode, nodeId: 2 });
  cluster.settle();
  expect(cluster.raw(1).configuration.votersOutgoing).toEqual([1]);
  cluster.raw(1).readIndex(9);
  cluster.settle();
  expect(cluster.node(1).readStates).toEqual([{ index: 3, context: 9 }]);
});

test('a read that waits for a voter that is removed is confirmed without it', () => {
  const cluster = TestCluster.of({ voters: [1, 2] });
  cluster.elect(1);
  cluster.loseType(MessageType.HeartbeatResp);
  cluster.raw(1).readIndex(4);
  cluster.settle();
  expect(cluster.node(1).readStates).toEqual([]);
  const change = { type: ConfChangeType.RemoveNode, nodeId: 2 };
  cluster.raw(1).proposeConfChange({ kind: 'v1', ...change, context: NO_BYTES });
  cluster.settle();
  expect(cluster.node(1).readStates).toEqual([{ index: 2, context: 4 }]);
  expect(cluster.raw(1).propose([bytes('x')]).ok).toBe(true);
});

test('a leader that was removed asks the one voter that is left, which may follow somebody else by now', () => {
  const cluster = TestCluster.of({ voters: [1, 2] });
  cluster.elect(1);
  const change = { type: ConfChangeType.RemoveNode, nodeId: 1 };
  cluster.raw(1).proposeConfChange({ kind: 'v1', ...change, context: NO_BYTES });
  cluster.settle();
  expect([cluster.raw(1).configuration.voters, cluster.leaders]).toEqual([[2], [1]]);
  cluster.raw(1).readIndex(1);
  expect(cluster.raw(1).hasReady()).toBe(true);
  cluster.isolate(1);
  cluster.settle();
  expect(cluster.node(1).readStates).toEqual([]);
  cluster.heal();
  cluster.raw(1).readIndex(2);
  cluster.settle();
  expect(cluster.node(1).readStates.map(({ context }) => context)).toEqual([1, 2]);
});
