import type { SnapshotMark } from '@flotilla/storage';

/** How far a row of things that were done one after another has come. */
export interface Reached {
  /** So many were acknowledged: they must be there. */
  acknowledged: number;
  /** So many were begun: they may be there. */
  begun: number;
}

/** A snapshot as it was written. */
export interface WrittenSnapshot {
  readonly group: number;
  readonly mark: SnapshotMark;
  readonly content: Uint8Array;
}

/** A writer that was never told to commit, or is about to be: what a later process may resume. */
export interface OpenPartial extends WrittenSnapshot {
  /** Bytes that were handed over. */
  written: number;
}

/** What a run has done to its disk so far, told apart by what was acknowledged. */
export interface StorageTruth {
  readonly batches: Reached;
  readonly saves: Reached;
  /** Of each group, how its newest snapshot changed: by commits, and to undefined when all were dropped. */
  readonly newest: Map<number, { readonly reached: Reached; readonly states: (WrittenSnapshot | undefined)[] }>;
  readonly partials: Map<number, OpenPartial>;
  /** The smallest of batches was appended beside the script, and acknowledged: see {@link MARKED_GROUP}. */
  isMarked: boolean;
}

/** A group of which the script knows nothing. */
export const MARKED_GROUP = 1_000_000;

export function freshTruth(): StorageTruth {
  return {
    batches: { acknowledged: 0, begun: 0 },
    saves: { acknowledged: 0, begun: 0 },
    newest: new Map(),
    partials: new Map(),
    isMarked: false,
  };
}

/** The truth as it is now, while the run goes on. */
export function copyOfTruth(truth: StorageTruth): StorageTruth {
  const newest: StorageTruth['newest'] = new Map();
  for (const [group, { reached, states }] of truth.newest) {
    newest.set(group, { reached: { ...reached }, states: [...states] });
  }
  const partials = new Map([...truth.partials].map(([group, partial]) => [group, { ...partial }]));
  return { batches: { ...truth.batches }, saves: { ...truth.saves }, newest, partials, isMarked: truth.isMarked };
}
