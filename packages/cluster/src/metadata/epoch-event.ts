/** What happens to the cluster epoch. */
export type EpochEvent =
  /** This node acquired group 0's leadership, and its bump was applied. */
  | { readonly name: 'epoch.bumped'; readonly epoch: number }
  /** The catalog could not be written; the mark in memory has moved all the same. */
  | { readonly name: 'epoch.persist_failed'; readonly epoch: number; readonly error: string };
