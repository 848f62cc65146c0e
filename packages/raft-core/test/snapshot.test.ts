import { describe, expect, test } from 'vitest';
import { createMessage, MessageType, Role, type ConfState, type Message, type Snapshot } from '../src/index.js';
import { bytes, entryOf, TestCluster, type NodeOptions } from './test-cluster.js';

const three = { voters: [1, 2, 3] } as const;
const confState: ConfState = {
  voters: [1, 2, 3],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};

const snapshotOf = (index: number, term: number, words: readonly string[] = ['s']): Snapshot => ({
  index,
  term,
  confState,
  data: bytes(JSON.stringify(words)),
});

const install = (from: number, to: number, term: number, snapshot: Snapshot): Message =>
  createMessage({ type: MessageType.Snap, from, to, term, snapshot });

/** 3 was cut off, and the leader has forgotten what it misses. */
function behind(options: NodeOptions = {}): TestCluster {
  const cluster = TestCluster.of(three, options);
  cluster.elect(1);
  cluster.isolate(3);
  for (const word of ['a', 'b', 'c']) cluster.propose(1, word);
  cluster.settle();
  cluster.node(1).compact();
  cluster.drop();
  cluster.heal();
  cluster.sent.length = 0;
  return cluster;
}

describe.each([[false], [true]])(
  'a follower that is too far behind (Raft paper, section 7), asynchronous: %s',
  (isAsync) => {
    test('gets a snapshot, restores it, and goes on with the log', () => {
      const cluster = behind({ asyncStorageWrites: isAsync });
      cluster.pass(2);
      expect(cluster.node(3).words).toEqual(['a', 'b', 'c']);
      expect(cluster.sent.filter(({ type }) => type === MessageType.Snap)).toHaveLength(1);
      cluster.propose(1, 'd');
      cluster.settle();
      expect(cluster.node(3).words).toEqual(['a', 'b', 'c', 'd']);
      expect(cluster.node(1).progressOf(3)).toBe('Replicate match 6 next 7');
    });

    test('gets nothing else while the snapshot is on its way', () => {
      const cluster = behind({ asyncStorageWrites: isAsync });
      cluster.loseType(MessageType.Snap);
      cluster.pass(1);
      expect(cluster.node(1).progressOf(3)).toBe('Snapshot match 2 next 6 paused');
      cluster.sent.length = 0;
      for (const word of ['d', 'e']) cluster.propose(1, word);
      cluster.pass(5);
      expect(cluster.sent.some(({ type, to }) => to === 3 && type !== MessageType.Heartbeat)).toBe(false);
    });

    test('gets another one after the first is reported to have failed', () => {
      const cluster = behind({ asyncStorageWrites: isAsync });
      cluster.loseType(MessageType.Snap);
      cluster.pass(1);
      cluster.heal();
      cluster.raw(1).reportSnapshot(3, 'failure');
      cluster.pass(2);
      expect(cluster.node(3).words).toEqual(['a', 'b', 'c']);
    });

    test('is probed behind the snapshot once that is reported to have arrived, and its answer was lost', () => {
      const cluster = behind({ asyncStorageWrites: isAsync });
      cluster.lose(({ type, from, reject }) => type === MessageType.AppResp && from === 3 && !reject);
      cluster.pass(1);
      expect(cluster.node(3).words).toEqual(['a', 'b', 'c']);
      cluster.heal();
      cluster.raw(1).reportSnapshot(3, 'success');
      expect(cluster.node(1).progressOf(3)).toBe('Probe match 2 next 6 paused');
      cluster.pass(2);
      expect(cluster.node(1).progressOf(3)).toBe('Replicate match 5 next 6');
    });
  },
);

describe('who gets a snapshot', () => {
  test('nobody who is not heard of', () => {
    const cluster = TestCluster.of(three);
    cluster.isolate(3);
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.node(1).compact();
    cluster.sent.length = 0;
    cluster.pass(10);
    expect(cluster.sent.some(({ type }) => type === MessageType.Snap)).toBe(false);
  });

  test('while storage has none to give, it is asked again later', () => {
    const cluster = behind();
    const { disk } = cluster.node(1);
    const { newestSnapshot } = disk;
    let isAvailable = false;
    const { snapshot } = disk;
    disk.snapshot = () => (isAvailable ? snapshot.call(disk) : 'unavailable');
    cluster.pass(3);
    expect(cluster.sent.some(({ type }) => type === MessageType.Snap)).toBe(false);
    isAvailable = true;
    disk.newestSnapshot = newestSnapshot;
    cluster.pass(2);
    expect(cluster.node(3).words).toEqual(['a', 'b', 'c']);
  });
});

describe('installing a snapshot', () => {
  test('an old one is ignored, and answered by the commit index', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.step(install(1, 2, 1, snapshotOf(2, 1)));
    cluster.settle(2);
    expect(cluster.node(2).words).toEqual(['a']);
    expect(cluster.inFlight).toEqual(['2->1 AppResp term 1 at 0/3 commit 0']);
  });

  test('one whose last entry is in the log only tells that all of it is committed', () => {
    const cluster = TestCluster.of(three);
    cluster.step(
      createMessage({
        type: MessageType.App,
        from: 1,
        to: 2,
        term: 1,
        logTerm: 1,
        index: 1,
        entries: [entryOf(1, 2), entryOf(1, 3), entryOf(1, 4)],
      }),
    );
    cluster.settle(2);
    cluster.drop();
    cluster.step(install(1, 2, 1, snapshotOf(3, 1)));
    cluster.settle(2);
    expect(cluster.node(2).words).toEqual(['1/2', '1/3']);
    expect(cluster.node(2).logTerms).toEqual([1, 1, 1]);
    expect(cluster.inFlight).toEqual(['2->1 AppResp term 1 at 0/3 commit 0']);
  });

  test.each([
    { tail: [1, 1, 1, 1], at: 3, why: 'in the middle of a divergent log' },
    { tail: [1, 1], at: 3, why: 'at its end (hashicorp/raft #697, #704)' },
    { tail: [1], at: 9, why: 'beyond it' },
  ])('one $why replaces all of the log, at once and for good', ({ tail, at }) => {
    const cluster = new TestCluster();
    cluster.add(2, three, {}, { terms: tail, hardState: { term: 1 } });
    cluster.step(install(1, 2, 5, snapshotOf(at, 4, ['x', 'y'])));
    cluster.settle(2);
    expect(cluster.node(2).words).toEqual(['x', 'y']);
    expect(cluster.node(2).logTerms).toEqual([]);
    expect(cluster.raw(2)).toMatchObject({ commit: at, lastIndex: at, firstIndex: at + 1 });
    expect(cluster.inFlight).toEqual([`2->1 AppResp term 5 at 0/${at} commit 0`]);
    // The log goes on from there.
    cluster.step(
      createMessage({
        type: MessageType.App,
        from: 1,
        to: 2,
        term: 5,
        logTerm: 4,
        index: at,
        entries: [entryOf(5, at + 1)],
      }),
    );
    cluster.settle(2);
    expect(cluster.node(2).logTerms).toEqual([5]);
  });

  test('two close together, doubled and in the wrong order (etcd #18055)', () => {
    const cluster = new TestCluster();
    cluster.add(2, three);
    const [first, second] = [
      install(1, 2, 2, snapshotOf(5, 2, ['five'])),
      install(1, 2, 2, snapshotOf(9, 2, ['nine'])),
    ];
    for (const message of [first, second, first, second, second, first]) cluster.step(message);
    cluster.settle(2);
    for (const message of [second, first]) cluster.step(message);
    cluster.settle(2);
    expect(cluster.node(2).words).toEqual(['nine']);
    expect(cluster.raw(2)).toMatchObject({ commit: 9, applied: 9 });
  });

  test('two in flight to the disk at once, in the asynchronous mode', () => {
    const cluster = new TestCluster();
    const node = cluster.add(2, three, { asyncStorageWrites: true });
    cluster.step(install(1, 2, 2, snapshotOf(5, 2, ['five'])));
    cluster.ready(node);
    cluster.step(install(1, 2, 2, snapshotOf(9, 2, ['nine'])));
    cluster.ready(node);
    cluster.step(
      createMessage({
        type: MessageType.App,
        from: 1,
        to: 2,
        term: 2,
        logTerm: 2,
        index: 9,
        entries: [entryOf(2, 10)],
        commit: 10,
      }),
    );
    cluster.settle(2);
    expect(node.words).toEqual(['nine', '2/10']);
    expect(cluster.raw(2)).toMatchObject({ commit: 10, applied: 10 });
  });

  test('nothing is applied while a snapshot is being installed', () => {
    const cluster = new TestCluster();
    const node = cluster.add(2, three, { asyncStorageWrites: true });
    cluster.step(install(1, 2, 2, snapshotOf(5, 2)));
    cluster.ready(node);
    cluster.step(
      createMessage({
        type: MessageType.App,
        from: 1,
        to: 2,
        term: 2,
        logTerm: 2,
        index: 5,
        entries: [entryOf(2, 6)],
        commit: 6,
      }),
    );
    cluster.ready(node);
    expect(node.applyQueue).toEqual([]);
    expect(cluster.raw(2).applied).toBe(1);
    cluster.settle(2);
    expect(node.words).toEqual(['s', '2/6']);
  });

  test('one whose configuration lacks the receiver is refused', () => {
    const cluster = new TestCluster();
    cluster.add(2, three);
    const stranger = { ...snapshotOf(5, 2), confState: { ...confState, voters: [1, 3] } };
    cluster.step(install(1, 2, 2, stranger));
    cluster.settle(2);
    expect(cluster.raw(2).commit).toBe(1);
  });

  test('it brings the configuration along', () => {
    const cluster = new TestCluster();
    cluster.add(4, undefined);
    const joint: ConfState = {
      voters: [1, 4],
      learners: [5],
      votersOutgoing: [1, 2, 3],
      learnersNext: [3],
      autoLeave: true,
    };
    cluster.step(install(1, 4, 2, { ...snapshotOf(5, 2), confState: joint }));
    cluster.settle(4);
    expect(cluster.raw(4).configuration).toEqual(joint);
  });

  test('a candidate that gets one follows its sender', () => {
    const cluster = TestCluster.of(three);
    cluster.raw(2).campaign();
    cluster.settle(2);
    cluster.step(install(1, 2, 1, snapshotOf(5, 1)));
    expect(cluster.raw(2)).toMatchObject({ role: Role.Follower, leader: 1, commit: 5 });
  });

  test('the leader recovers as soon as the follower can go on from its log, whichever snapshot that was', () => {
    const cluster = behind();
    cluster.loseType(MessageType.Snap);
    cluster.pass(1);
    cluster.drop();
    cluster.heal();
    // Brought by other means, a little older than what the leader sent, but the log reaches back that far.
    cluster.propose(1, 'd');
    cluster.settle();
    cluster.step(createMessage({ type: MessageType.AppResp, from: 3, to: 1, term: 1, index: 5 }));
    expect(cluster.node(1).progressOf(3)).toMatch(/^Replicate match 5/);
  });
});

describe('compaction', () => {
  test('a leader that has compacted its log elects and replicates as before', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    for (const word of ['a', 'b']) cluster.propose(1, word);
    cluster.settle();
    for (const node of cluster.all) node.compact();
    cluster.elect(2);
    cluster.propose(2, 'c');
    cluster.settle();
    expect(cluster.all.map(({ words }) => words.join(''))).toEqual(['abc', 'abc', 'abc']);
  });

  test('a vote compares with the last entry also when that is compacted away', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.node(2).compact();
    cluster.node(2).restart();
    cluster.step(createMessage({ type: MessageType.Vote, from: 3, to: 2, term: 9, logTerm: 1, index: 2 }));
    cluster.settle(2);
    expect(cluster.messages.at(-1)).toMatchObject({ type: MessageType.VoteResp, reject: true });
    cluster.step(createMessage({ type: MessageType.Vote, from: 1, to: 2, term: 10, logTerm: 1, index: 3 }));
    cluster.settle(2);
    expect(cluster.messages.at(-1)).toMatchObject({ type: MessageType.VoteResp, reject: false });
  });
});
