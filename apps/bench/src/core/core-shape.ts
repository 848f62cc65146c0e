/** How proposals are made: one call for each, or one call for a whole batch. */
export type ProposalMode = 'calls' | 'one';

/**
 * Where the bytes of an entry come from: `own`, a new array for each, as the peer does; or `slab`, cut from arrays of 64 KiB,
 * as those that a host reads from a socket are. A small array of its own is dear in JavaScript, dearer than the entry's whole
 * way through the core, so the two are never put under one figure.
 */
export type PayloadSource = 'own' | 'slab';

/** What one measurement of the core does. The same for our core and for its peer. */
export interface CoreShape {
  /** Groups of three nodes each, all in one thread. */
  readonly groups: number;
  /** Entries that are proposed before the messages are pumped. */
  readonly batch: number;
  readonly mode: ProposalMode;
  /** Of ours; the peer's are always its own. */
  readonly payload: PayloadSource;
  /** Length of one run, in seconds of CPU time. */
  readonly seconds: number;
  readonly runs: number;
}

/** Bytes of each entry. */
export const ENTRY_BYTES = 256;
/** A node compacts its log when so many entries have been applied since it last did … */
export const COMPACT_AFTER = 4096;
/** … and keeps so many. */
export const KEEP_ENTRIES = 1024;
/** The CPU clock is looked at every so many turns. */
export const TURNS_BETWEEN_LOOKS = 512;
/** Before each run, outside of the measurement; seconds of CPU time. */
export const WARM_UP_SECONDS = 0.3;
