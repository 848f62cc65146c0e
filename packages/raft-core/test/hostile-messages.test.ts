import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createMessage,
  EntryType,
  LOCAL_APPEND_THREAD,
  LOCAL_APPLY_THREAD,
  MessageType,
  NUMBER_LIMIT,
  type Entry,
  type Message,
  type Snapshot,
} from '../src/index.js';
import { RaftInvariants } from './raft-invariants.js';
import { Random } from './random.js';
import { entryOf, TestCluster } from './test-cluster.js';

const three = { voters: [1, 2, 3] } as const;
const message = (type: MessageType, fields: Partial<Message>): Message =>
  createMessage({ type, from: 2, to: 1, ...fields });

describe('every message twice, and late', () => {
  test.each([false, true])('the same end, asynchronous: %s', (asyncStorageWrites) => {
    const cluster = TestCluster.of(three, { asyncStorageWrites });
    const invariants = new RaftInvariants(cluster);
    const step = cluster.step.bind(cluster);
    const seen: Message[] = [];
    cluster.step = (one) => {
      seen.push(one);
      step(one);
      return step(one);
    };
    cluster.elect(1);
    for (const word of ['a', 'b']) cluster.propose(1, word);
    cluster.settle();
    cluster.elect(2);
    cluster.propose(2, 'c');
    cluster.settle();
    // And everything that was ever delivered once more, from the first vote on.
    for (const one of seen.slice()) {
      step(one);
      invariants.check();
    }
    cluster.settle();
    invariants.check();
    for (const node of cluster.all) expect(node.words).toEqual(['a', 'b', 'c']);
    expect(cluster.leaders).toEqual([2]);
  });

  test('in any order: appends, acknowledgements and votes of a whole run', () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = new Random(seed);
      const cluster = TestCluster.of(three);
      const invariants = new RaftInvariants(cluster);
      cluster.elect(1);
      for (let word = 0; word < 10; word++) cluster.propose(1, `w${word}`);
      for (let action = 0; action < 400; action++) {
        for (const node of cluster.all) cluster.ready(node);
        if (cluster.messages.length === 0) cluster.tick(1);
        else cluster.step(random.chance(0.5) ? random.pick(cluster.sent) : random.pick(cluster.messages));
        invariants.check();
      }
      cluster.drop();
      cluster.pass(5);
      for (const node of cluster.all) expect(node.words).toHaveLength(10);
    }
  });
});

describe('what no correct peer sends is refused by name, and changes nothing', () => {
  const snapshot = (fields: Partial<Snapshot>): Snapshot => ({
    index: 5,
    term: 1,
    confState: { voters: [1, 2, 3], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
    data: new Uint8Array(),
    ...fields,
  });
  const entry = (fields: Partial<Entry>): Entry => ({ ...entryOf(1, 3), ...fields });

  test.each<[string, Message]>([
    ['a type that does not exist', message(99 as MessageType, { term: 1 })],
    ['a type that is no integer', message(1.5 as MessageType, { term: 1 })],
    ['a negative term', message(MessageType.App, { term: -1 })],
    ['a term that is no integer', message(MessageType.App, { term: 1.5 })],
    ['a term that is not a number', message(MessageType.App, { term: Number.NaN })],
    ['an infinite index', message(MessageType.App, { term: 1, index: Infinity })],
    ['a term beyond all counting', message(MessageType.Vote, { term: NUMBER_LIMIT })],
    ['an index beyond all counting', message(MessageType.Vote, { term: 2, index: Number.MAX_SAFE_INTEGER })],
    ['an append without a term', message(MessageType.App, { term: 0 })],
    ['a heartbeat without a term', message(MessageType.Heartbeat, { term: 0 })],
    ['a vote without a sender', message(MessageType.Vote, { term: 2, from: 0 })],
    ['entries with a gap', message(MessageType.App, { term: 1, logTerm: 1, index: 2, entries: [entry({ index: 4 })] })],
    [
      'entries with falling terms',
      message(MessageType.App, { term: 5, logTerm: 3, index: 2, entries: [entry({ term: 2 })] }),
    ],
    [
      'an entry of a later term than its leader',
      message(MessageType.App, { term: 1, logTerm: 1, index: 2, entries: [entry({ term: 9 })] }),
    ],
    ['a snapshot message without a snapshot', message(MessageType.Snap, { term: 1 })],
    ['a snapshot of nothing', message(MessageType.Snap, { term: 1, snapshot: snapshot({ index: 0 }) })],
    [
      'a snapshot of a later term than its leader',
      message(MessageType.Snap, { term: 1, snapshot: snapshot({ term: 2 }) }),
    ],
    [
      'a snapshot with a learner that votes',
      message(MessageType.Snap, {
        term: 1,
        snapshot: snapshot({ confState: { ...snapshot({}).confState, learners: [3] } }),
      }),
    ],
    [
      'a snapshot with a voter twice',
      message(MessageType.Snap, {
        term: 1,
        snapshot: snapshot({ confState: { ...snapshot({}).confState, voters: [1, 2, 2] } }),
      }),
    ],
    ['a proposal of nothing', message(MessageType.Prop, { entries: [] })],
    [
      'a proposal of a change that is none',
      message(MessageType.Prop, {
        entries: [{ term: 0, index: 0, type: EntryType.ConfChangeV2, data: new Uint8Array([255]) }],
      }),
    ],
    ['a campaign', message(MessageType.Hup, {})],
    ['a beat of the clock', message(MessageType.Beat, {})],
    ['a quorum check', message(MessageType.CheckQuorum, {})],
    ['a durable write', message(MessageType.StorageAppendResp, { term: 1, index: 9, logTerm: 1 })],
    ['an applied entry', message(MessageType.StorageApplyResp, { entries: [entryOf(1, 9)] })],
    ['an answer of a stranger', message(MessageType.AppResp, { from: 7, term: 1, index: 2 })],
    ['a message for another node', message(MessageType.Heartbeat, { term: 1, to: 3 })],
    ['an acknowledgement of entries that do not exist', message(MessageType.AppResp, { term: 1, index: 100 })],
  ])('%s', (_, hostile) => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.settle();
    const before = JSON.stringify(cluster.raw(1).status());
    expect(cluster.raw(1).step(hostile)).not.toBe('ok');
    expect(JSON.stringify(cluster.raw(1).status())).toBe(before);
    expect(cluster.raw(1).hasReady()).toBe(false);
  });

  test('a commit index beyond the log: this log was lost, and the node says so instead of dying', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(2);
    expect(cluster.raw(1).step(message(MessageType.Heartbeat, { term: 1, commit: 100 }))).toBe('commit-beyond-log');
    expect(cluster.raw(1).commit).toBe(2);
  });

  test('an append that would replace committed entries', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(2);
    cluster.propose(2, 'a');
    cluster.settle();
    const entries = [entryOf(4, 3, 'x')];
    // After an index that is committed, with another entry than the committed one.
    const verdict = cluster.raw(1).step(message(MessageType.App, { term: 4, logTerm: 1, index: 2, entries }));
    cluster.settle(1);
    expect(cluster.node(1).words).toEqual(['a']);
    expect(cluster.node(1).logTerms).toEqual([1, 1]);
    // Index 2 is below the commit index: the answer is where the follower is.
    expect(verdict).toBe('ok');
  });
});

describe('anything at all', () => {
  const number = fc.oneof(
    fc.integer({ min: 0, max: 6 }),
    fc.constantFrom(-1, 0.5, Number.NaN, Infinity, 2 ** 31, 2 ** 32, 2 ** 52, 2 ** 53 - 1, 2 ** 60),
  );
  const anyEntry = fc.record<Entry>({
    term: number,
    index: number,
    type: fc.constantFrom(...Object.values(EntryType)),
    data: fc.uint8Array({ maxLength: 6 }),
  });
  const ids = fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), number), { maxLength: 4 });
  const anySnapshot = fc.record<Snapshot>({
    index: number,
    term: number,
    confState: fc.record({
      voters: ids,
      learners: ids,
      votersOutgoing: ids,
      learnersNext: ids,
      autoLeave: fc.boolean(),
    }),
    data: fc.uint8Array({ maxLength: 3 }),
  });
  const anyMessage = fc.record<Message>({
    type: fc.oneof(fc.constantFrom(...Object.values(MessageType)), number) as fc.Arbitrary<MessageType>,
    to: fc.constantFrom(1, 1, 1, 1, 2, 0),
    from: fc.oneof(fc.constantFrom(1, 2, 3, 4), number),
    term: number,
    logTerm: number,
    index: number,
    entries: fc.array(anyEntry, { maxLength: 3 }),
    commit: number,
    vote: number,
    snapshot: fc.option(anySnapshot, { nil: undefined }),
    reject: fc.boolean(),
    rejectHint: number,
    context: number,
    responses: fc.constant([]),
  });

  test('whatever arrives, a node lives on, and never takes back what it committed or applied', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 30 }), fc.boolean(), (hostile, asyncStorageWrites) => {
        const cluster = TestCluster.of(three, { asyncStorageWrites, preVote: true, checkQuorum: true });
        cluster.elect(1);
        cluster.propose(1, 'a');
        cluster.settle();
        const node = cluster.node(1);
        let { commit } = node.raw;
        for (const one of hostile) {
          // From the outside: a storage thread is inside, and trusted.
          if (one.from === LOCAL_APPEND_THREAD || one.from === LOCAL_APPLY_THREAD) continue;
          node.raw.step(one);
          expect(node.raw.commit).toBeGreaterThanOrEqual(commit);
          ({ commit } = node.raw);
          while (cluster.ready(node) || cluster.finishAppend(node) || cluster.finishApply(node));
        }
        expect(node.words.slice(0, 1)).toEqual(['a']);
        node.raw.tick();
        node.raw.campaign();
      }),
      { numRuns: 400 },
    );
  });
});
