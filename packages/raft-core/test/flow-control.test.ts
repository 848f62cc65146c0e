import { describe, expect, test } from 'vitest';
import { createMessage, entriesSize, entrySize, MessageType, type Message } from '../src/index.js';
import { entryOf, TestCluster, type NodeOptions } from './test-cluster.js';

const two = { voters: [1, 2] } as const;
const HUNDRED = 'x'.repeat(100);

/** A leader whose follower is known to match: appends are pipelined. Nothing is on its way. */
function leading(options: NodeOptions): TestCluster {
  const cluster = TestCluster.of(two, options);
  cluster.elect(1);
  cluster.tick(1);
  cluster.settle();
  cluster.sent.length = 0;
  return cluster;
}

function appendsOf(cluster: TestCluster): readonly Message[] {
  cluster.ready(cluster.node(1));
  return cluster.messages.filter(({ type }) => type === MessageType.App);
}

const acknowledge = (cluster: TestCluster, index: number): void => {
  cluster.step(createMessage({ type: MessageType.AppResp, from: 2, to: 1, term: 1, index }));
};

describe('in-flight window by messages', () => {
  test('no more than so many appends are on their way', () => {
    const cluster = leading({ maxInflightMessages: 3 });
    for (let proposal = 0; proposal < 10; proposal++) cluster.propose(1, 'a');
    expect(appendsOf(cluster).map(({ index, entries }) => [index, entries.length])).toEqual([
      [2, 1],
      [3, 1],
      [4, 1],
    ]);
    expect(cluster.node(1).progressOf(2)).toBe('Replicate match 2 next 6 paused');
  });

  test('each acknowledgement frees its append and all before it, and what waited goes in one message', () => {
    const cluster = leading({ maxInflightMessages: 3 });
    for (let proposal = 0; proposal < 10; proposal++) cluster.propose(1, 'a');
    appendsOf(cluster);
    cluster.drop();
    acknowledge(cluster, 4);
    expect(appendsOf(cluster).map(({ index, entries }) => [index, entries.length])).toEqual([[5, 7]]);
  });

  test('an acknowledgement that says nothing new frees nothing', () => {
    const cluster = leading({ maxInflightMessages: 3 });
    for (let proposal = 0; proposal < 10; proposal++) cluster.propose(1, 'a');
    appendsOf(cluster);
    cluster.drop();
    acknowledge(cluster, 2);
    expect(appendsOf(cluster)).toEqual([]);
  });

  test('a full window whose messages were all lost recovers by the empty append that a heartbeat prompts', () => {
    const cluster = leading({ maxInflightMessages: 2 });
    for (let proposal = 0; proposal < 5; proposal++) cluster.propose(1, 'a');
    appendsOf(cluster);
    cluster.drop();
    cluster.tick(1);
    cluster.settle();
    expect(cluster.node(2).words).toHaveLength(5);
  });

  test('while probing, one append at a time', () => {
    const cluster = TestCluster.of(two, { maxInflightMessages: 10 });
    cluster.elect(1);
    cluster.raw(1).reportUnreachable(2);
    cluster.drop();
    for (let proposal = 0; proposal < 5; proposal++) cluster.propose(1, 'a');
    expect(appendsOf(cluster)).toHaveLength(1);
    expect(cluster.node(1).progressOf(2)).toBe('Probe match 2 next 3 paused');
  });
});

describe('in-flight window by bytes', () => {
  test('no more than so many bytes of payload are on their way, but for the one that reaches the limit', () => {
    const cluster = leading({ maxInflightBytes: 250, maxSizePerMessageBytes: 200 });
    for (let proposal = 0; proposal < 10; proposal++) cluster.propose(1, HUNDRED);
    expect(appendsOf(cluster)).toHaveLength(3);
    expect(cluster.node(1).progressOf(2)).toBe('Replicate match 2 next 6 paused');
  });

  test('acknowledged bytes make room', () => {
    const cluster = leading({ maxInflightBytes: 250, maxSizePerMessageBytes: 120 });
    for (let proposal = 0; proposal < 10; proposal++) cluster.propose(1, HUNDRED);
    appendsOf(cluster);
    cluster.drop();
    acknowledge(cluster, 3);
    expect(appendsOf(cluster)).toHaveLength(1);
    cluster.drop();
    acknowledge(cluster, 6);
    expect(appendsOf(cluster)).toHaveLength(3);
  });

  test('empty entries weigh nothing', () => {
    const cluster = leading({ maxInflightBytes: 250, maxSizePerMessageBytes: 200 });
    for (let proposal = 0; proposal < 10; proposal++) cluster.raw(1).propose([new Uint8Array()]);
    expect(appendsOf(cluster)).toHaveLength(10);
  });

  test('whichever window is full first holds', () => {
    const cluster = leading({ maxInflightBytes: 250, maxSizePerMessageBytes: 200, maxInflightMessages: 2 });
    for (let proposal = 0; proposal < 10; proposal++) cluster.propose(1, HUNDRED);
    expect(appendsOf(cluster)).toHaveLength(2);
  });

  test('everything arrives in the end', () => {
    const cluster = leading({ maxInflightBytes: 250, maxSizePerMessageBytes: 200 });
    for (let proposal = 0; proposal < 50; proposal++) cluster.propose(1, HUNDRED);
    cluster.settle();
    expect(cluster.node(2).words).toHaveLength(50);
  });
});

describe('size of a message', () => {
  /** A follower that has missed `count` entries of 100 bytes and is heard of again. */
  function catchingUp(count: number, options: NodeOptions): TestCluster {
    const cluster = leading(options);
    cluster.isolate(2);
    for (let proposal = 0; proposal < count; proposal++) cluster.propose(1, HUNDRED);
    cluster.settle();
    cluster.raw(1).reportUnreachable(2);
    cluster.heal();
    cluster.sent.length = 0;
    cluster.tick(1);
    cluster.settle();
    expect(cluster.node(2).words).toHaveLength(count);
    return cluster;
  }

  test('appends are cut at the limit, counted in encoded bytes', () => {
    const limit = 3 * entrySize(entryOf(1, 3, HUNDRED));
    const cluster = catchingUp(10, { maxSizePerMessageBytes: limit });
    const appends = cluster.sent.filter(({ type, entries }) => type === MessageType.App && entries.length > 0);
    expect(appends.map(({ entries }) => entries.length)).toEqual([3, 3, 3, 1]);
    for (const { entries } of appends) expect(entriesSize(entries)).toBeLessThanOrEqual(limit);
  });

  test.each([0, 1, 50])('at a limit of %d bytes still one entry goes at a time', (limit) => {
    const cluster = catchingUp(5, { maxSizePerMessageBytes: limit });
    const appends = cluster.sent.filter(({ type, entries }) => type === MessageType.App && entries.length > 0);
    expect(appends.map(({ entries }) => entries.length)).toEqual([1, 1, 1, 1, 1]);
  });

  test('without a limit all of it goes at once', () => {
    const cluster = catchingUp(100, { maxSizePerMessageBytes: Infinity });
    const appends = cluster.sent.filter(({ type, entries }) => type === MessageType.App && entries.length > 0);
    expect(appends.map(({ entries }) => entries.length)).toEqual([100]);
  });
});

describe('size of what is handed out to be applied', () => {
  test('a Ready has no more than the limit of committed entries, the rest follows', () => {
    const size = entrySize(entryOf(1, 3, HUNDRED));
    const cluster = TestCluster.of({ voters: [1] }, { maxCommittedSizePerReadyBytes: 2 * size });
    cluster.elect(1);
    for (let proposal = 0; proposal < 5; proposal++) cluster.propose(1, HUNDRED);
    const counts: number[] = [];
    const { raw } = cluster.node(1);
    while (raw.hasReady()) {
      const before = cluster.node(1).appliedIndex;
      cluster.ready(cluster.node(1));
      counts.push(cluster.node(1).appliedIndex - before);
    }
    expect(counts.filter((count) => count > 0)).toEqual([2, 2, 1]);
  });

  test('in the asynchronous mode it bounds what is not yet reported applied, over all Readys', () => {
    const size = entrySize(entryOf(1, 3, HUNDRED));
    const cluster = TestCluster.of(
      { voters: [1] },
      { asyncStorageWrites: true, maxCommittedSizePerReadyBytes: 2 * size },
    );
    cluster.elect(1);
    const node = cluster.node(1);
    for (let proposal = 0; proposal < 6; proposal++) cluster.propose(1, HUNDRED);
    const write = (): void => {
      while (cluster.ready(node) || cluster.finishAppend(node));
    };
    write();
    expect(node.applyQueue.map(({ entries }) => entries.length)).toEqual([2]);
    expect(node.raw.hasReady()).toBe(false);
    cluster.finishApply(node);
    write();
    expect(node.applyQueue.map(({ entries }) => entries.length)).toEqual([2]);
    cluster.settle();
    expect(node.words).toHaveLength(6);
  });
});

describe('limit of uncommitted bytes', () => {
  const refused = { ok: false, reason: 'uncommitted-size', leader: 1 };

  test('a leader that cannot commit takes only so much, and takes more once it can', () => {
    const cluster = leading({ maxUncommittedSizeBytes: 250 });
    cluster.isolate(2);
    expect(cluster.propose(1, HUNDRED)).toMatchObject({ ok: true });
    expect(cluster.propose(1, HUNDRED)).toMatchObject({ ok: true });
    expect(cluster.propose(1, HUNDRED)).toEqual(refused);
    cluster.settle();
    expect(cluster.propose(1, HUNDRED)).toEqual(refused);
    cluster.heal();
    cluster.tick(1);
    cluster.settle();
    expect(cluster.propose(1, HUNDRED)).toMatchObject({ ok: true });
  });

  test('what is refused leaves no trace in the log, also a batch of which a part would fit', () => {
    const cluster = leading({ maxUncommittedSizeBytes: 250 });
    cluster.isolate(2);
    cluster.propose(1, HUNDRED);
    const { lastIndex } = cluster.raw(1);
    expect(cluster.propose(1, HUNDRED, HUNDRED)).toEqual(refused);
    expect(cluster.raw(1).lastIndex).toBe(lastIndex);
  });

  test('one proposal of any size is taken when nothing else is uncommitted', () => {
    const cluster = leading({ maxUncommittedSizeBytes: 10 });
    expect(cluster.propose(1, 'x'.repeat(10_000))).toMatchObject({ ok: true });
    expect(cluster.propose(1, 'x')).toEqual(refused);
  });

  test('empty entries are always taken: a leader could not begin its term, nor leave a joint configuration', () => {
    const cluster = leading({ maxUncommittedSizeBytes: 10 });
    cluster.isolate(2);
    cluster.propose(1, HUNDRED);
    expect(cluster.raw(1).propose([new Uint8Array()])).toMatchObject({ ok: true });
  });

  test('a new leader begins with nothing on its account, whatever its log holds', () => {
    const cluster = leading({ maxUncommittedSizeBytes: 250 });
    cluster.loseType(MessageType.AppResp);
    cluster.propose(1, HUNDRED);
    cluster.propose(1, HUNDRED);
    cluster.settle();
    cluster.heal();
    cluster.isolate(1);
    cluster.raw(2).campaign();
    cluster.heal();
    cluster.drop(({ type }) => type !== MessageType.Vote);
    cluster.settle();
    expect(cluster.raw(2).leader).toBe(2);
    expect(cluster.propose(2, HUNDRED)).toMatchObject({ ok: true });
  });

  test('a refused forwarded proposal says so to whoever steps it', () => {
    const cluster = leading({ maxUncommittedSizeBytes: 10 });
    cluster.propose(1, HUNDRED);
    const entries = [entryOf(0, 0, HUNDRED)];
    expect(cluster.step(createMessage({ type: MessageType.Prop, from: 2, to: 1, entries }))).toBe('proposal-dropped');
  });
});
