/** How proposals are made: one call for each, or one call for a whole batch. */
export type ProposalMode = 'calls' | 'one';

/** What one measurement of the core does. The same for our core and for its peer. */
export interface CoreShape {
  /** Groups of three nodes each, all in one thread. */
  readonly groups: number;
  /** Entries that are proposed before the messages are pumped. */
  readonly batch: number;
  readonly mode: ProposalMode;
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
