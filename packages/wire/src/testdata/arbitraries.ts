import type { ConfState, Entry, EntryType, Message, MessageType, Snapshot } from '@flotilla/raft-core';
import fc from 'fast-check';

/** Safe integers from 0 on, small ones and those at the borders of a varint more often. */
export const count: fc.Arbitrary<number> = fc.oneof(
  { weight: 4, arbitrary: fc.nat(300) },
  { weight: 1, arbitrary: fc.maxSafeNat() },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 53 }).map((power) => 2 ** power - 1) },
);

/** Node ids: from 1 on. */
export const nodeId: fc.Arbitrary<number> = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2 ** 53 - 1 }));

const entryType = fc.constantFrom<EntryType>(0, 1, 2);
const bytes = fc.uint8Array({ maxLength: 50 });

const idList = fc.uniqueArray(nodeId, { maxLength: 5 }).map((ids) => ids.toSorted((a, b) => a - b));

/** Configurations, joint ones included. */
export const confState: fc.Arbitrary<ConfState> = fc.record({
  voters: idList,
  learners: idList,
  votersOutgoing: idList,
  learnersNext: idList,
  autoLeave: fc.boolean(),
});

const snapshot: fc.Arbitrary<Snapshot> = fc.record({ index: count, term: count, confState, data: bytes });

const entries = (index: number): fc.Arbitrary<Entry[]> =>
  fc
    .array(fc.record({ term: count, type: entryType, data: bytes }), { maxLength: 6 })
    .map((list) => list.map(({ term, type, data }, at) => ({ term, index: index + 1 + at, type, data })));

const proposals: fc.Arbitrary<Entry[]> = fc.array(
  fc.record({ term: fc.constant(0), index: fc.constant(0), type: entryType, data: bytes }),
  { maxLength: 6 },
);

const PROP = 2;
const SNAP = 7;
const TRAVELLING: readonly MessageType[] = [2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 18];

/** Messages of every kind that travels, with any fields, from node 1 (or, some, another) to node 2. */
export const message: fc.Arbitrary<Message> = fc
  .record({
    type: fc.constantFrom(...TRAVELLING),
    from: fc.oneof({ weight: 8, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: nodeId }),
    term: count,
    logTerm: fc.oneof(fc.constant(0), count),
    index: fc.oneof(fc.constant(0), fc.nat(2 ** 40)),
    commit: fc.oneof(fc.constant(0), count),
    reject: fc.boolean(),
    rejectHint: fc.oneof(fc.constant(0), count),
    context: fc.oneof(fc.constant(0), count),
  })
  .chain((scalars) =>
    fc
      .record({
        entries: scalars.type === PROP ? proposals : entries(scalars.index),
        snapshot: scalars.type === SNAP ? snapshot : fc.constant(undefined),
      })
      .map((rest): Message => ({
        type: scalars.type,
        to: 2,
        from: scalars.from,
        term: scalars.term,
        logTerm: scalars.logTerm,
        index: scalars.index,
        entries: rest.entries,
        commit: scalars.commit,
        vote: 0,
        snapshot: rest.snapshot,
        reject: scalars.reject,
        rejectHint: scalars.rejectHint,
        context: scalars.context,
        responses: [],
      })),
  );

/** Heartbeats and responses as a core emits them: those that go into columns. */
export const heartbeat: fc.Arbitrary<Message> = fc
  .record({ type: fc.constantFrom<MessageType>(8, 9), term: count, commit: count, context: count })
  .map(({ type, term, commit, context }): Message => ({
    type,
    to: 2,
    from: 1,
    term,
    logTerm: 0,
    index: 0,
    entries: [],
    commit,
    vote: 0,
    snapshot: undefined,
    reject: false,
    rejectHint: 0,
    context,
    responses: [],
  }));

/** What a batch holds: messages with their groups and incarnations. */
export const batchItems: fc.Arbitrary<{ group: number; incarnation: number; message: Message }[]> = fc.array(
  fc.record({ group: count, incarnation: fc.oneof(fc.constant(0), count), message: fc.oneof(message, heartbeat) }),
  { maxLength: 20 },
);

/** A valid frame with some bytes changed, cut off, added, or moved. */
export function mutated(frames: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const change = fc.record({ at: fc.nat(), value: fc.nat(255), how: fc.constantFrom('set', 'flip', 'cut', 'insert', 'double') });
  return fc.tuple(frames, fc.array(change, { minLength: 1, maxLength: 5 })).map(([frame, changes]) => {
    let list = [...frame];
    for (const { at, value, how } of changes) {
      const place = list.length === 0 ? 0 : at % list.length;
      if (how === 'set') list[place] = value;
      else if (how === 'flip') list[place] = (list[place] ?? 0) ^ (1 << (value & 7));
      else if (how === 'cut') list = list.slice(0, place);
      else if (how === 'insert') list.splice(place, 0, value);
      else list = [...list.slice(0, place), ...list.slice(0, place), ...list.slice(place)].slice(0, 4096);
    }
    return Uint8Array.from(list);
  });
}
