import { describe, expect, test } from 'vitest';
import { createMessage, MessageType, Role } from '../src/index.js';
import { RaftInvariants } from './raft-invariants.js';
import { TestCluster } from './test-cluster.js';

describe('indexes and terms beyond 2^32', () => {
  test.each([2 ** 31 - 3, 2 ** 32 - 3, 2 ** 40, 2 ** 51])(
    'a log from index %d on elects, replicates, compacts and restarts',
    (index) => {
      const term = Math.min(index, 2 ** 45);
      const cluster = new TestCluster();
      const start = { voters: [1, 2, 3], index, term };
      for (const id of start.voters) cluster.add(id, start, {}, { terms: [], hardState: { term } });
      const invariants = new RaftInvariants(cluster);
      cluster.elect(1);
      expect(cluster.raw(1)).toMatchObject({ role: Role.Leader, term: term + 1, lastIndex: index + 1 });
      cluster.isolate(3);
      for (let word = 0; word < 8; word++) {
        expect(cluster.propose(1, `w${word}`)).toMatchObject({ index: index + 2 + word, term: term + 1 });
      }
      cluster.settle();
      invariants.check();
      cluster.raw(1).readIndex(2 ** 40);
      cluster.settle();
      expect(cluster.node(1).readStates).toEqual([{ index: index + 9, context: 2 ** 40 }]);
      cluster.node(1).compact(index + 5);
      cluster.node(2).restart();
      cluster.heal();
      cluster.pass(3);
      invariants.check();
      for (const node of cluster.all) expect(node.words).toHaveLength(8);
      cluster.elect(2);
      expect(cluster.raw(2)).toMatchObject({ role: Role.Leader, term: term + 2, commit: index + 10 });
      invariants.check();
    },
  );

  test('divergent tails there are found and replaced', () => {
    const index = 2 ** 33;
    const start = { voters: [1, 2, 3], index, term: 5 };
    const cluster = new TestCluster();
    cluster.add(1, start, {}, { terms: [5, 7, 7], hardState: { term: 8 } });
    cluster.add(2, start, {}, { terms: [5, 6, 6, 6], hardState: { term: 8 } });
    cluster.add(3, start, {}, { terms: [], hardState: { term: 8 } });
    cluster.elect(1);
    for (const { logTerms } of cluster.all) expect(logTerms).toEqual([5, 7, 7, 9]);
  });

  test('large node ids', () => {
    const ids = [1, 2 ** 33, 2 ** 50 + 1];
    const cluster = TestCluster.of({ voters: ids });
    cluster.elect(2 ** 33);
    cluster.propose(2 ** 33, 'a');
    cluster.settle();
    expect(cluster.node(2 ** 50 + 1).words).toEqual(['a']);
    cluster.step(createMessage({ type: MessageType.Vote, from: 1, to: 2 ** 50 + 1, term: 9, logTerm: 1, index: 9 }));
    expect(cluster.raw(2 ** 50 + 1).vote).toBe(1);
  });
});

describe('seven voters and more', () => {
  test.each([7, 8, 9, 15, 31])('%d voters: elected and committed by a majority, not by half', (count) => {
    const voters = Array.from({ length: count }, (_, at) => at + 1);
    const cluster = TestCluster.of({ voters });
    const quorum = Math.floor(count / 2) + 1;
    cluster.partition(voters.slice(0, quorum - 1));
    cluster.elect(1);
    expect(cluster.leaders).toEqual([]);
    cluster.heal();
    cluster.drop();
    cluster.partition(voters.slice(0, quorum));
    cluster.elect(1);
    expect(cluster.leaders).toEqual([1]);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.node(quorum).words).toEqual(['a']);
    cluster.heal();
    cluster.partition(voters.slice(0, quorum - 1));
    cluster.propose(1, 'b');
    cluster.settle();
    expect(cluster.node(1).words).toEqual(['a']);
    cluster.heal();
    cluster.tick(1);
    cluster.settle();
    for (const { words } of cluster.all) expect(words).toEqual(['a', 'b']);
  });

  test('nine voters become nine others by way of a joint configuration', () => {
    const old = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const cluster = TestCluster.of({ voters: old });
    for (let id = 10; id <= 17; id++) cluster.add(id, undefined);
    cluster.elect(1);
    cluster.proposeChanges(
      1,
      0,
      ...old.slice(1).flatMap((id) => [{ type: 1, nodeId: id } as const, { type: 0, nodeId: id + 8 } as const]),
    );
    cluster.settle();
    expect(cluster.raw(1).configuration.voters).toEqual([1, 10, 11, 12, 13, 14, 15, 16, 17]);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.node(17).words).toEqual(['a']);
    expect(cluster.node(2).words).toEqual([]);
  });

  test('messages to peers go out in ascending order of their ids', () => {
    const cluster = TestCluster.of({ voters: [10, 9, 100, 2, 33, 1] });
    cluster.elect(9);
    cluster.sent.length = 0;
    cluster.propose(9, 'a');
    cluster.ready(cluster.node(9));
    expect(cluster.messages.map(({ to }) => to)).toEqual([1, 2, 10, 33, 100]);
  });
});
