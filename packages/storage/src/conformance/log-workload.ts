import type { ConfState, Entry, EntryType } from '@flotilla/raft-core';
import type { GroupWrite, LogBatch, RecoveredGroup, SnapshotMark } from '../log-engine.js';
import { MemoryLogEngine } from '../log/memory-log-engine.js';

/** Batches, and what the log holds after each: `states[n]` after the first n. */
export interface LogWorkload {
  readonly batches: readonly LogBatch[];
  readonly states: readonly (readonly RecoveredGroup[])[];
}

/** A configuration that uses every field. */
export const JOINT_CONFIGURATION: ConfState = {
  voters: [1, 2, 3],
  learners: [4],
  votersOutgoing: [1, 2, 5],
  learnersNext: [5],
  autoLeave: true,
};

const CONFIGURATION: ConfState = {
  voters: [1, 2, 3],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};

/** Entries of one term with recognisable bytes. */
export function entriesOf(first: number, count: number, term: number, bytes: number): Entry[] {
  const entries: Entry[] = [];
  for (let index = first; index < first + count; index++) {
    const data = new Uint8Array(bytes);
    for (let i = 0; i < bytes; i++) data[i] = (index * 31 + term * 7 + i) & 0xff;
    entries.push({ term, index, type: (index % 3) as EntryType, data });
  }
  return entries;
}

export function markAt(index: number, term: number, confState: ConfState = CONFIGURATION): SnapshotMark {
  return { index, term, confState };
}

/** Runs the batches through the reference engine. */
export async function workloadOf(batches: readonly LogBatch[]): Promise<LogWorkload> {
  const model = new MemoryLogEngine();
  await model.recover();
  const states = [model.contents()];
  for (const batch of batches) {
    await model.append(batch);
    states.push(model.contents());
  }
  return { batches, states };
}

/**
 * A small script in which everything happens: several groups, replaced suffixes, hard states, marks, compaction, an installed snapshot,
 * groups removed and made again, an idle group, and enough bytes to fill and reuse segments of a few KiB.
 */
export function scriptedBatches(rounds: number): LogBatch[] {
  const batches: LogBatch[] = [
    [{ group: 9, hardState: { term: 1, vote: 3, commit: 0 } }],
    [{ group: 8, hardState: { term: 1, vote: 1, commit: 0 }, entries: entriesOf(1, 3, 1, 40) }],
    [{ group: 7, snapshotMark: markAt(50, 4, JOINT_CONFIGURATION), hardState: { term: 4, vote: 0, commit: 50 } }],
  ];
  for (let round = 0; round < rounds; round++) {
    const term = round + 2;
    const base = round * 8;
    batches.push(
      [{ group: 1, hardState: { term, vote: 2, commit: base }, entries: entriesOf(base + 1, 6, term, 150) }],
      [
        { group: 1, entries: entriesOf(base + 4, 5, term, 90) },
        { group: 2, hardState: { term, vote: 1, commit: 0 }, entries: entriesOf(1, 4, term, 300) },
      ],
      [{ group: 3, removed: true, entries: entriesOf(1, 2, term, 700), hardState: { term, vote: 3, commit: 1 } }],
      [
        { group: 1, snapshotMark: markAt(base + 6, term), compactTo: base + 5 },
        { group: 2, removed: true },
      ],
      [
        {
          group: 4,
          snapshotMark: markAt(base + 20, term),
          resetLog: true,
          hardState: { term, vote: 0, commit: base + 20 },
          entries: entriesOf(base + 21, 2, term, 20),
        },
      ],
    );
  }
  return batches;
}

/** Batches by chance that keep every rule of the contract, Raft's own included. */
export function randomBatches(random: () => number, count: number): LogBatch[] {
  const groups = new Map<number, RandomGroup>();
  const batches: LogBatch[] = [];
  for (let i = 0; i < count; i++) {
    const chosen = new Set<number>();
    const width = 1 + Math.floor(random() * 4);
    while (chosen.size < width) chosen.add(Math.floor(random() * 7));
    batches.push([...chosen].map((group) => nextWrite(random, group, groups)));
  }
  return batches;
}

/** What a random group has come to. */
interface RandomGroup {
  term: number;
  commit: number;
  first: number;
  next: number;
  mark: number;
}

function nextWrite(random: () => number, group: number, groups: Map<number, RandomGroup>): GroupWrite {
  const below = (bound: number): number => Math.floor(random() * bound);
  let state = groups.get(group);
  const isRemoved = state !== undefined && random() < 0.05;
  if (isRemoved && random() < 0.5) {
    groups.delete(group);
    return { group, removed: true };
  }
  if (state === undefined || isRemoved) {
    state = { term: 1, commit: 0, first: 1, next: 1, mark: 0 };
    groups.set(group, state);
  }
  if (random() < 0.3) state.term += 1 + below(3);
  const removed = isRemoved ? { removed: true } : {};
  const dice = random();
  if (dice < 0.08) return { group, ...removed, ...installed(state, 1 + below(20)) };
  const write: { -readonly [K in keyof GroupWrite]: GroupWrite[K] } = { group, ...removed };
  // The mark acts before the entries of its write, so it stands at what was committed before.
  if (random() < 0.25 && state.commit > state.mark) {
    state.mark = state.commit;
    write.snapshotMark = markAt(state.mark, state.term, random() < 0.2 ? JOINT_CONFIGURATION : CONFIGURATION);
    if (random() < 0.8) {
      write.compactTo = Math.max(0, state.mark - below(4));
      state.first = Math.max(state.first, write.compactTo + 1);
    }
  }
  if (dice < 0.8) {
    const floor = Math.max(state.first, state.commit + 1);
    const first = random() < 0.2 ? floor + below(state.next - floor + 1) : state.next;
    const entries = entriesOf(first, 1 + below(4), state.term, random() < 0.1 ? 1500 : below(120));
    write.entries = entries;
    state.next = first + entries.length;
  }
  if (random() < 0.6 || dice >= 0.8) {
    state.commit += below(state.next - state.commit);
    write.hardState = { term: state.term, vote: state.term % 3, commit: state.commit };
  }
  return write;
}

/** A snapshot from elsewhere takes the place of the log. */
function installed(state: RandomGroup, ahead: number): Omit<GroupWrite, 'group'> {
  state.mark = Math.max(state.next, state.mark) + ahead;
  state.commit = state.mark;
  state.first = state.next = state.mark + 1;
  return {
    snapshotMark: markAt(state.mark, state.term),
    resetLog: true,
    hardState: { term: state.term, vote: state.term % 3, commit: state.commit },
  };
}
