import { describe, expect, test } from 'vitest';
import { createMessage, EntryType, MessageType, type Message } from '../src/index.js';
import { entryOf, TestCluster, wordOf, type NodeOptions, type StartLog } from './test-cluster.js';

const three = { voters: [1, 2, 3] } as const;
const five = { voters: [1, 2, 3, 4, 5] } as const;

const append = (from: number, to: number, fields: Partial<Message>): Message =>
  createMessage({ type: MessageType.App, from, to, ...fields });

function clusterOf(logs: Readonly<Record<number, StartLog>>, options: NodeOptions = {}): TestCluster {
  const cluster = new TestCluster();
  const voters = Object.keys(logs).map(Number);
  for (const [id, log] of Object.entries(logs)) cluster.add(Number(id), { voters, index: 1, term: 1 }, options, log);
  return cluster;
}

/** A log by the terms of its entries, with the term that the node has reached. */
const logOf = (terms: readonly number[], term: number): StartLog => ({ terms, hardState: { term } });

describe('normal operation (Raft paper, section 5.3)', () => {
  test('an entry is appended, replicated, committed by a quorum, and then applied everywhere in order', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.propose(1, 'b', 'c');
    cluster.settle();
    for (const node of cluster.all) expect(node.words).toEqual(['a', 'b', 'c']);
  });

  test('a proposal tells its term and index, and many in one call are one message to each follower', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.sent.length = 0;
    expect(cluster.propose(1, 'a', 'b', 'c')).toMatchObject({ ok: true, term: 1, index: 3, last: 5 });
    cluster.ready(cluster.node(1));
    expect(cluster.inFlight).toEqual(['1->2 App term 1 at 1/2 [3] commit 2', '1->3 App term 1 at 1/2 [3] commit 2']);
  });

  test('nothing is committed without a quorum, and all of it once there is one', () => {
    const cluster = TestCluster.of(five);
    cluster.elect(1);
    for (const id of [3, 4, 5]) cluster.isolate(id);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.all.map(({ words }) => words)).toEqual([[], [], [], [], []]);
    cluster.heal();
    cluster.tick(1);
    cluster.settle();
    expect(cluster.all.map(({ words }) => words)).toEqual([['a'], ['a'], ['a'], ['a'], ['a']]);
  });

  test('a leader does not count itself before its own entry is durable (thesis, section 10.2.1)', () => {
    const cluster = TestCluster.of(five, { asyncStorageWrites: true });
    cluster.elect(1);
    cluster.isolate(4);
    cluster.isolate(5);
    cluster.propose(1, 'a');
    cluster.ready(cluster.node(1));
    cluster.settle(2, 3);
    cluster.deliver(({ to }) => to === 1);
    expect(cluster.raw(1).commit).toBe(2);
    cluster.finishAppend(cluster.node(1));
    expect(cluster.raw(1).commit).toBe(3);
  });

  test('followers alone can commit: a quorum without the leader (thesis, section 10.2.1)', () => {
    const cluster = TestCluster.of(five, { asyncStorageWrites: true });
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.ready(cluster.node(1));
    cluster.settle(2, 3, 4, 5);
    cluster.deliver(({ to }) => to === 1);
    expect(cluster.raw(1).commit).toBe(3);
    // Committed, but not applied here before it is durable here: otherwise a crash would take back what was seen.
    cluster.ready(cluster.node(1));
    expect(cluster.finishApply(cluster.node(1))).toBe(false);
    cluster.settle();
    expect(cluster.node(1).words).toEqual(['a']);
  });

  test('an empty entry is appended by each new leader, and never reaches the state machine as a command', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    const { entries } = cluster.node(1).disk.image;
    expect(entries.map(({ term, index, type, data }) => [term, index, type, data.length])).toEqual([
      [1, 2, EntryType.Normal, 0],
    ]);
    expect(cluster.node(2).words).toEqual([]);
  });

  test('a follower applies what the leader has committed no further than its own log matches', () => {
    const cluster = clusterOf({ 1: logOf([], 1), 2: logOf([], 1), 3: logOf([], 1) });
    cluster.step(append(2, 1, { term: 1, logTerm: 1, index: 1, entries: [entryOf(1, 2)], commit: 9 }));
    cluster.settle(1);
    expect(cluster.raw(1).commit).toBe(2);
  });

  test('a heartbeat never commits what the follower is not known to have', () => {
    const cluster = clusterOf({ 1: logOf([1, 1], 1), 2: logOf([], 1), 3: logOf([1, 1], 1) });
    cluster.loseType(MessageType.App);
    cluster.elect(1);
    cluster.tick(1);
    cluster.ready(cluster.node(1));
    const beats = cluster.messages.filter(({ type }) => type === MessageType.Heartbeat);
    expect(beats.map(({ commit }) => commit)).toEqual([0, 0]);
  });

  test('proposals at a follower are sent on to the leader, unless that is disabled', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    expect(cluster.propose(2, 'a')).toEqual({ ok: false, reason: 'forwarded', leader: 1 });
    cluster.settle();
    expect(cluster.node(3).words).toEqual(['a']);
    const strict = TestCluster.of(three, { disableProposalForwarding: true });
    strict.elect(1);
    expect(strict.propose(2, 'a')).toEqual({ ok: false, reason: 'not-leader', leader: 1 });
    strict.settle();
    expect(strict.node(3).words).toEqual([]);
  });

  test('without a leader a proposal is refused, not lost in silence', () => {
    const cluster = TestCluster.of(three);
    expect(cluster.propose(1, 'a')).toEqual({ ok: false, reason: 'no-leader', leader: 0 });
    cluster.raw(1).campaign();
    expect(cluster.propose(1, 'a')).toEqual({ ok: false, reason: 'no-leader', leader: 0 });
  });
});

describe('consistency check (Raft paper, section 5.3, figure 2, AppendEntries)', () => {
  const before = (): TestCluster => clusterOf({ 1: logOf([1, 2], 2), 2: logOf([], 2) });

  test.each([
    { at: { logTerm: 2, index: 3 }, entries: [3], log: [1, 2, 3], why: 'extends the log' },
    { at: { logTerm: 1, index: 2 }, entries: [3], log: [1, 3], why: 'replaces a conflicting suffix' },
    { at: { logTerm: 1, index: 1 }, entries: [1, 2], log: [1, 2], why: 'changes nothing that is there already' },
    { at: { logTerm: 1, index: 1 }, entries: [1], log: [1, 2], why: 'keeps what follows, if all of it matches' },
    { at: { logTerm: 1, index: 1 }, entries: [3, 3, 3], log: [3, 3, 3], why: 'replaces everything' },
  ])('an append that $why', ({ at, entries, log }) => {
    const cluster = before();
    const sent = entries.map((term, offset) => entryOf(term, at.index + 1 + offset));
    cluster.step(append(2, 1, { term: 3, ...at, entries: sent }));
    cluster.settle(1);
    expect(cluster.node(1).logTerms).toEqual(log);
    expect(cluster.inFlight).toEqual([`1->2 AppResp term 3 at 0/${at.index + entries.length} commit 0`]);
  });

  test.each([
    { at: { logTerm: 3, index: 3 }, hint: { index: 3, term: 2 } },
    { at: { logTerm: 3, index: 9 }, hint: { index: 3, term: 2 } },
    { at: { logTerm: 1, index: 3 }, hint: { index: 2, term: 1 } },
  ])('an append after $at is refused with a hint where the logs may meet', ({ at, hint }) => {
    const cluster = before();
    cluster.step(append(2, 1, { term: 3, ...at, entries: [entryOf(3, at.index + 1)] }));
    cluster.settle(1);
    expect(cluster.messages).toMatchObject([
      { type: MessageType.AppResp, reject: true, index: at.index, rejectHint: hint.index, logTerm: hint.term },
    ]);
    expect(cluster.node(1).logTerms).toEqual([1, 2]);
  });

  test('an old append does not cut off what came later: the log only ever loses what conflicts', () => {
    const cluster = before();
    const first = append(2, 1, { term: 3, logTerm: 2, index: 3, entries: [entryOf(3, 4)] });
    cluster.step(first);
    cluster.step(append(2, 1, { term: 3, logTerm: 3, index: 4, entries: [entryOf(3, 5)] }));
    cluster.step(first);
    cluster.settle(1);
    expect(cluster.node(1).logTerms).toEqual([1, 2, 3, 3]);
  });

  test('an append from before the commit index is answered by the commit index, and changes nothing', () => {
    const cluster = before();
    cluster.step(append(2, 1, { term: 3, logTerm: 2, index: 3, entries: [entryOf(3, 4)], commit: 4 }));
    cluster.settle(1);
    cluster.drop();
    cluster.step(append(2, 1, { term: 3, logTerm: 1, index: 1, entries: [entryOf(3, 2)] }));
    cluster.settle(1);
    expect(cluster.inFlight).toEqual(['1->2 AppResp term 3 at 0/4 commit 0']);
    expect(cluster.node(1).logTerms).toEqual([1, 2, 3]);
  });
});

describe('logs that a new leader may find (Raft paper, figure 7)', () => {
  const terms = (digits: string): readonly number[] => [...digits].map(Number);
  const leader = '114455666';

  test.each([
    ['a', '11445566'],
    ['b', '114'],
    ['c', '1144556666'],
    ['d', '11445566677'],
    ['e', '114444'],
    ['f', '1122233333'],
  ])('follower %s ends with the log of the leader of term 8', (_, follower) => {
    const cluster = clusterOf({ 1: logOf(terms(leader), 7), 2: logOf(terms(follower), 7), 3: logOf([], 7) });
    cluster.raw(1).campaign();
    // The third voter elects it: some of these followers would not.
    cluster.settle();
    expect(cluster.node(1).state).toBe('Leader term 8 leader 1');
    cluster.settle();
    expect(cluster.node(1).logTerms).toEqual([...terms(leader), 8]);
    expect(cluster.node(2).logTerms).toEqual([...terms(leader), 8]);
    expect(cluster.node(2).words).toEqual(cluster.node(1).words);
  });

  test('all six at once', () => {
    const logs = [leader, '11445566', '114', '1144556666', '11445566677', '114444', '1122233333'];
    const cluster = clusterOf(Object.fromEntries(logs.map((log, at) => [at + 1, logOf(terms(log), 7)])));
    cluster.elect(1);
    expect(cluster.node(1).state).toBe('Leader term 8 leader 1');
    for (const node of cluster.all) expect(node.logTerms).toEqual([...terms(leader), 8]);
  });

  test('long divergent tails are found by terms, not entry by entry (end of section 5.3)', () => {
    const long = (term: number): readonly number[] => Array.from({ length: 500 }, () => term);
    const cluster = clusterOf({
      1: logOf([1, 1, ...long(4), 6], 7),
      2: logOf([1, 1, ...long(2), ...long(3), ...long(5)], 7),
      3: logOf([], 7),
    });
    cluster.elect(1);
    cluster.settle();
    expect(cluster.node(2).logTerms).toEqual(cluster.node(1).logTerms);
    const probes = cluster.sent.filter(({ type, to, from }) => type === MessageType.App && from === 1 && to === 2);
    expect(probes.length).toBeLessThan(10);
  });
});

describe('commitment of entries of earlier terms (Raft paper, figure 8)', () => {
  /** Figure 8 (a) to (c): S1 leads term 4, and entry 2 of term 2 is on S1, S2, S3; S5 has entry 2 of term 3. */
  function untilC(): TestCluster {
    const cluster = clusterOf({
      1: logOf([2], 3),
      2: logOf([2], 3),
      3: logOf([], 3),
      4: logOf([], 3),
      5: logOf([3], 3),
    });
    cluster.isolate(5);
    cluster.raw(1).campaign();
    cluster.settle(1);
    // Term 4: S2, S3 and S4 vote.
    cluster.lose(({ type, to }) => type === MessageType.App && to === 4);
    // The entry of term 4 itself reaches nobody yet.
    cluster.lose(({ type, entries }) => type === MessageType.App && entries.some(({ term }) => term === 4));
    cluster.settle();
    expect(cluster.node(1).state).toBe('Leader term 4 leader 1');
    // S3 gets the entry of term 2 alone.
    const old = cluster.node(1).disk.image.entries.slice(0, 1);
    cluster.step(append(1, 3, { term: 4, logTerm: 1, index: 1, entries: old }));
    cluster.settle(3);
    return cluster;
  }

  test('(c) an entry of an earlier term on a majority is not committed by counting', () => {
    const cluster = untilC();
    cluster.deliver(({ to }) => to === 1);
    cluster.settle();
    expect(cluster.node(3).logTerms).toEqual([2]);
    expect(cluster.raw(1).match(3)).toBe(2);
    expect(cluster.raw(1).commit).toBe(1);
  });

  test('(d) S5 may still be elected and replace it everywhere', () => {
    const cluster = untilC();
    cluster.settle();
    cluster.heal();
    cluster.isolate(1);
    cluster.drop();
    cluster.raw(5).campaign();
    cluster.settle();
    cluster.raw(5).campaign();
    cluster.settle();
    expect(cluster.raw(5).leader).toBe(5);
    for (const id of [2, 3, 4]) expect(cluster.node(id).logTerms[0]).toBe(3);
  });

  test('(e) with an entry of its own term on a majority both are committed, and S5 cannot be elected', () => {
    const cluster = untilC();
    cluster.settle();
    cluster.heal();
    cluster.isolate(5);
    cluster.tick(1);
    cluster.settle();
    expect(cluster.raw(1).commit).toBe(3);
    expect(cluster.node(2).words).toEqual(['2/2']);
    cluster.heal();
    cluster.isolate(1);
    cluster.drop();
    for (let campaign = 0; campaign < 3; campaign++) {
      cluster.raw(5).campaign();
      cluster.settle();
    }
    expect(cluster.raw(5).leader).not.toBe(5);
    expect(cluster.node(2).logTerms.slice(0, 2)).toEqual([2, 4]);
  });
});

describe('a leader never changes its own log (Raft paper, figure 3, leader append-only)', () => {
  test('an append of another leader of the same term is nothing that can be, and is not obeyed', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.step(append(2, 1, { term: 1, logTerm: 1, index: 1, entries: [entryOf(1, 2, 'x')] }));
    cluster.settle();
    expect(cluster.node(1).state).toBe('Leader term 1 leader 1');
    expect(cluster.node(1).words).toEqual(['a']);
  });
});

describe('the commit index reaches followers', () => {
  test('with the next append, at once when it rises, and with heartbeats', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.isolate(3);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.node(2).words).toEqual(['a']);
    expect(cluster.node(3).words).toEqual([]);
    cluster.heal();
    cluster.tick(1);
    cluster.settle();
    expect(cluster.node(3).words).toEqual(['a']);
  });

  test('entries are shared, never copied, between log, message and state machine', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    const data = new Uint8Array([120]);
    cluster.raw(1).propose([data]);
    cluster.settle();
    const applied = cluster.node(3).appliedEntries.at(-1)?.data;
    expect(applied).toBe(data);
    expect(wordOf(data)).toBe('x');
  });
});
