import { expect, test } from 'vitest';
import {
  type MessageType,
  createMessage,
  decodeConfChange,
  decodeConfChangeV2,
  encodeConfChange,
  encodeConfChangeV2,
  EntryType,
  isLocalType,
  MemoryStorage,
  RawNode,
  type ConfState,
  type Entry,
  type Message,
} from '../index.js';

/** A small generator, so that a failure is its seed. */
function dice(seed: number): (below: number) => number {
  let state = seed * 2 + 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

type Dice = (below: number) => number;
const pick = <T>(roll: Dice, values: readonly T[]): T => values[roll(values.length)] as T;

function confState(roll: Dice): ConfState {
  const ids = (): number[] => [1, 2, 3, 4].filter(() => roll(3) > 0);
  const sometimes = (): number[] => (roll(3) === 0 ? ids() : []);
  return {
    voters: ids(),
    learners: sometimes(),
    votersOutgoing: sometimes(),
    learnersNext: sometimes(),
    autoLeave: roll(4) === 0,
  };
}

function entries(roll: Dice, index: number, term: number): Entry[] {
  return Array.from({ length: roll(4) }, (_, at) => {
    const type = pick(roll, [EntryType.Normal, EntryType.Normal, EntryType.ConfChange, EntryType.ConfChangeV2]);
    const change = { type: pick(roll, [0, 1, 2, 3] as const), nodeId: roll(6) };
    const context = new Uint8Array(roll(3));
    const data =
      type === EntryType.ConfChange
        ? encodeConfChange({ kind: 'v1', ...change, context })
        : type === EntryType.ConfChangeV2
          ? encodeConfChangeV2({ kind: 'v2', transition: pick(roll, [0, 1, 2] as const), changes: [change], context })
          : new Uint8Array(roll(20));
    return {
      term: Math.max(1, term + (roll(20) === 0 ? 1 : 0)),
      index: index + 1 + at + (roll(50) === 0 ? 1 : 0),
      type,
      data,
    };
  });
}

function lie(roll: Dice, node: RawNode): Message {
  const near = (value: number): number => Math.max(0, value + roll(5) - 2);
  const wild = (value: number): number =>
    roll(12) === 0 ? pick(roll, [0, -1, 1.5, NaN, 2 ** 40, 2 ** 52, 2 ** 53, Infinity]) : near(value);
  const term = roll(3) > 0 ? node.term : wild(node.term);
  const index = wild(pick(roll, [node.commit, node.lastIndex, node.firstIndex]));
  const logTerm = Math.max(0, roll(3) > 0 ? node.termAt(index) : wild(node.term));
  const type = roll(26) as MessageType;
  return createMessage({
    type,
    to: 1,
    // A local message needs no liar: the transport tells whom a message is from.
    from: isLocalType(type) ? pick(roll, [2, 3]) : pick(roll, [0, 1, 2, 3, 4, 9]),
    term,
    logTerm,
    index,
    commit: wild(node.commit),
    reject: roll(3) === 0,
    rejectHint: wild(node.commit),
    context: roll(2) === 0 ? 0 : wild(1),
    entries: entries(roll, index, logTerm),
    snapshot: { index: wild(node.lastIndex + 3), term: wild(1), confState: confState(roll), data: new Uint8Array(0) },
  });
}

/** Does all Readys, as a host would; a membership change that cannot be applied is made void, as a careful host does. */
function work(node: RawNode, storage: MemoryStorage, roll: Dice): void {
  while (node.hasReady()) {
    const ready = node.ready();
    if (ready.snapshot !== undefined) storage.applySnapshot(ready.snapshot);
    if (ready.hardState !== undefined) storage.setHardState(ready.hardState);
    storage.append(ready.entries);
    for (const { type, data } of ready.committedEntries) {
      if (type === EntryType.Normal) continue;
      const change = type === EntryType.ConfChange ? decodeConfChange(data) : decodeConfChangeV2(data);
      if (change.kind !== 'malformed' && node.checkConfChange(change) === undefined) node.applyConfChange(change);
    }
    node.advance();
  }
  if (node.applied > storage.firstIndex() + 5 && roll(10) === 0) storage.compact(node.applied - 2);
}

test('whatever members and strangers send, a node neither fails nor forgets what it has committed', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const roll = dice(seed);
    const storage = new MemoryStorage();
    const initial = { voters: [1, 2, 3], learners: [4], votersOutgoing: [], learnersNext: [], autoLeave: false };
    storage.applySnapshot({ index: 5, term: 1, confState: initial, data: new Uint8Array(0) });
    const node = new RawNode({
      id: 1,
      electionTicks: 5,
      heartbeatTicks: 1,
      electionJitter: roll,
      storage,
      checkQuorum: seed % 2 === 0,
      preVote: seed % 3 === 0,
      readOnly: seed % 4 === 0 ? 'lease-based' : 'safe',
      stepDownOnRemoval: seed % 5 === 0,
      maxInflightMessages: 3,
      maxSizePerMessageBytes: 40,
    });
    let { commit, term } = node;
    for (let round = 0; round < 300; round++) {
      const what = roll(12);
      if (what === 0) node.tick();
      else if (what === 1) node.propose([new Uint8Array(5)]);
      else if (what === 2) node.readIndex(round);
      else if (what === 3) node.campaign();
      else node.step(lie(roll, node));
      if (roll(3) === 0) work(node, storage, roll);
      expect(node.commit).toBeGreaterThanOrEqual(commit);
      expect(node.term).toBeGreaterThanOrEqual(term);
      expect(node.lastIndex).toBeGreaterThanOrEqual(node.commit);
      ({ commit, term } = node);
    }
  }
});
