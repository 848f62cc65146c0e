/** Kinds of log entry. The numbers are stable: they are on disk and on the wire. */
export const EntryType = {
  /** An application command, or the empty entry that a new leader appends. */
  Normal: 0,
  /** A single-server membership change, encoded by `encodeConfChange`. */
  ConfChange: 1,
  /** A membership change of any size, encoded by `encodeConfChangeV2`; empty bytes leave a joint configuration. */
  ConfChangeV2: 2,
} as const;
export type EntryType = (typeof EntryType)[keyof typeof EntryType];

/**
 * One entry of the replicated log (Raft paper, section 5.3).
 *
 * Invariant: entries are immutable once they are in a log or a message; `data` is shared, never copied.
 */
export interface Entry {
  /** Term of the leader that appended it. */
  readonly term: number;
  /** Position in the log; the first entry has index 1. Safe integer. */
  readonly index: number;
  readonly type: EntryType;
  /** Opaque bytes; empty for the entry a new leader appends. */
  readonly data: Uint8Array;
}

/** No payload: shared by all entries without any. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);
