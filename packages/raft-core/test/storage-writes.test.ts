import { describe, expect, test } from 'vitest';
import { createMessage, MessageType, Role, TraceKind, type Message } from '../src/index.js';
import { entryOf, TestCluster } from './test-cluster.js';

const three = { voters: [1, 2, 3] } as const;
const asyncOptions = { asyncStorageWrites: true };

const append = (
  from: number,
  term: number,
  index: number,
  logTerm: number,
  terms: readonly number[],
  commit = 0,
): Message =>
  createMessage({
    type: MessageType.App,
    from,
    to: 2,
    term,
    index,
    logTerm,
    commit,
    entries: terms.map((entryTerm, at) => entryOf(entryTerm, index + 1 + at)),
  });

describe('asynchronous storage writes', () => {
  test('writes are pipelined: the next Ready has only what the one before had not', () => {
    const cluster = TestCluster.of({ voters: [1] }, asyncOptions);
    cluster.elect(1);
    const node = cluster.node(1);
    for (const word of ['a', 'b', 'c']) {
      cluster.propose(1, word);
      cluster.ready(node);
    }
    expect(node.appendQueue.map(({ entries }) => entries.map(({ index }) => index))).toEqual([[3], [4], [5]]);
    expect(node.raw.commit).toBe(2);
    cluster.finishAppend(node);
    expect(node.raw.commit).toBe(3);
    cluster.settle();
    expect(node.words).toEqual(['a', 'b', 'c']);
  });

  test('a leader sends its entries before they are on its own disk (thesis, section 10.2.1)', () => {
    const cluster = TestCluster.of(three, asyncOptions);
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.ready(cluster.node(1));
    expect(cluster.inFlight).toHaveLength(2);
    expect(cluster.node(1).disk.lastIndex()).toBe(2);
  });

  test('a follower acknowledges only what is on its disk', () => {
    const cluster = TestCluster.of(three, asyncOptions);
    const node = cluster.node(2);
    cluster.step(append(1, 1, 1, 1, [1, 1]));
    cluster.ready(node);
    expect(cluster.inFlight).toEqual([]);
    cluster.finishAppend(node);
    expect(cluster.inFlight).toEqual(['2->1 AppResp term 1 at 0/3 commit 0']);
  });

  test('a stalled disk holds up acknowledgements, not heartbeats; when it goes on, so does all (hashicorp/raft #612)', () => {
    const cluster = TestCluster.of(three, asyncOptions);
    cluster.elect(1);
    const stalled = cluster.node(3);
    for (let word = 0; word < 5; word++) {
      cluster.propose(1, `w${word}`);
      for (let round = 0; round < 10; round++) {
        cluster.tick(1);
        for (const node of cluster.all) {
          cluster.ready(node);
          if (node !== stalled) while (cluster.finishAppend(node) || cluster.finishApply(node));
        }
        cluster.deliver();
      }
    }
    expect(cluster.node(2).words).toHaveLength(5);
    expect(stalled.words).toEqual([]);
    expect(cluster.raw(1).match(3)).toBe(2);
    cluster.settle();
    expect(stalled.words).toHaveLength(5);
    expect(cluster.raw(1).match(3)).toBe(7);
  });

  test('responses name index and term: a write of entries that were replaced and came back proves nothing (ABA)', () => {
    const cluster = TestCluster.of(three, asyncOptions);
    const node = cluster.node(2);
    // Entries of term 1, then others of term 2 in their place, then, by a leader of term 3, those of term 1 again.
    cluster.step(append(1, 1, 1, 1, [1, 1]));
    cluster.ready(node);
    cluster.step(append(3, 2, 1, 1, [2, 2]));
    cluster.ready(node);
    cluster.step(append(1, 3, 1, 1, [1, 1], 3));
    cluster.ready(node);
    expect(node.appendQueue).toHaveLength(3);
    cluster.finishAppend(node);
    // The disk holds the entries of term 1, but the ones of term 2 are still to come: nothing may be applied from it.
    expect(node.events.at(-1)).toMatchObject({ kind: TraceKind.LowerTermAppendIgnored, messageTerm: 1, term: 3 });
    expect(node.raw.hasReady()).toBe(false);
    cluster.finishAppend(node);
    expect(node.logTerms).toEqual([2, 2]);
    expect(node.raw.hasReady()).toBe(false);
    cluster.finishAppend(node);
    expect(node.logTerms).toEqual([1, 1]);
    cluster.settle(2);
    expect(node.words).toEqual(['1/2', '1/3']);
  });

  test('acknowledgements of an older term that become durable late do not count for the later one', () => {
    const cluster = TestCluster.of(three, asyncOptions);
    const node = cluster.node(1);
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.ready(node);
    // Deposed before its write is done, and elected again.
    cluster.step(createMessage({ type: MessageType.Vote, from: 3, to: 1, term: 5, logTerm: 9, index: 9 }));
    cluster.ready(node);
    node.raw.campaign();
    cluster.ready(node);
    expect(node.raw.role).toBe(Role.Candidate);
    while (cluster.finishAppend(node));
    expect(node.raw.commit).toBe(2);
  });

  test('entries are handed to the state machine only from the stable log', () => {
    const cluster = TestCluster.of({ voters: [1] }, asyncOptions);
    cluster.elect(1);
    const node = cluster.node(1);
    cluster.propose(1, 'a');
    cluster.ready(node);
    expect(node.applyQueue).toEqual([]);
    cluster.finishAppend(node);
    cluster.ready(node);
    expect(node.applyQueue.map(({ entries }) => entries.map(({ index }) => index))).toEqual([[3]]);
  });

  test('apply and append need not wait for each other', () => {
    const cluster = TestCluster.of({ voters: [1] }, asyncOptions);
    cluster.elect(1);
    const node = cluster.node(1);
    for (const word of ['a', 'b']) {
      cluster.propose(1, word);
      cluster.ready(node);
      cluster.finishAppend(node);
    }
    cluster.ready(node);
    expect(node.raw).toMatchObject({ commit: 4, applied: 2 });
    expect(node.applyQueue.length).toBeGreaterThan(0);
    cluster.settle();
    expect(node.raw.applied).toBe(4);
  });

  test('membership changes that were handed out before a snapshot are not applied after it', () => {
    const cluster = TestCluster.of({ voters: [1, 2, 3] }, asyncOptions);
    cluster.add(4, undefined, asyncOptions);
    cluster.elect(1);
    const node = cluster.node(3);
    cluster.proposeChanges(1, 0, { type: 0, nodeId: 4 });
    // All but 3 go on; 3 has the change to apply, and does not.
    for (let round = 0; round < 20; round++) {
      for (const one of cluster.all) {
        while (cluster.ready(one) || cluster.finishAppend(one));
        if (one !== node) while (cluster.finishApply(one));
      }
      cluster.deliver();
    }
    expect(node.applyQueue.length).toBeGreaterThan(0);
    cluster.isolate(3);
    cluster.proposeChanges(1, 0, { type: 1, nodeId: 4 });
    cluster.settle(1, 2, 4);
    const snapshot = cluster.node(1).takeSnapshot();
    expect(snapshot.confState.voters).toEqual([1, 2, 3]);
    cluster.step(createMessage({ type: MessageType.Snap, from: 1, to: 3, term: 1, snapshot }));
    while (cluster.finishApply(node));
    cluster.settle(3);
    expect(cluster.raw(3).configuration.voters).toEqual([1, 2, 3]);
  });
});

describe('Ready, in both modes', () => {
  test('mustSync says whether term, vote or entries are new; a commit index alone may be lost', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    const node = cluster.node(2);
    const writes: (readonly [boolean, number | undefined])[] = [];
    const write = node.disk.write.bind(node.disk);
    node.disk.write = (what, isSynced) => {
      writes.push([isSynced, what.hardState?.commit]);
      write(what, isSynced);
    };
    cluster.step(append(1, 1, 2, 1, [1]));
    cluster.ready(node);
    cluster.step(createMessage({ type: MessageType.Heartbeat, from: 1, to: 2, term: 1, commit: 3 }));
    cluster.ready(node);
    cluster.step(createMessage({ type: MessageType.Vote, from: 3, to: 2, term: 2, logTerm: 1, index: 3 }));
    cluster.ready(node);
    expect(writes).toEqual([
      [true, undefined],
      [false, 3],
      [true, 3],
    ]);
  });

  test('nothing to do is no Ready, and an idle follower never has one', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    expect(cluster.raw(2).hasReady()).toBe(false);
    cluster.tick(2, 5);
    expect(cluster.raw(2).hasReady()).toBe(false);
  });

  test('a Ready is a picture: what happens after it does not change it', () => {
    for (const asyncStorageWrites of [false, true]) {
      const cluster = TestCluster.of(three, { asyncStorageWrites });
      cluster.elect(1);
      cluster.tick(1);
      const ready = cluster.raw(1).ready();
      const before = JSON.stringify(ready);
      cluster.propose(1, 'a');
      cluster.tick(1);
      cluster.raw(1).readIndex(1);
      cluster.step(createMessage({ type: MessageType.AppResp, from: 2, to: 1, term: 1, index: 2 }));
      expect(JSON.stringify(ready)).toBe(before);
    }
  });

  test('an empty Ready is a picture too', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    const ready = cluster.raw(1).ready();
    cluster.propose(1, 'a');
    expect(ready).toMatchObject({ messages: [], entries: [], committedEntries: [], readStates: [] });
    cluster.raw(1).advance();
    cluster.settle();
    expect(cluster.node(2).words).toEqual(['a']);
  });

  test('the synchronous mode wants each Ready advanced, the asynchronous one never', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.raw(1).ready();
    expect(() => cluster.raw(1).ready()).toThrow(/advance/);
    const other = TestCluster.of(three, asyncOptions);
    expect(() => other.raw(1).advance()).toThrow(/asynchronous/);
  });
});
