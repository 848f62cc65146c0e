/** What waits in one group of a node, and what of its log is held in memory. All of it is bounded by the limits of the configuration. */
export interface GroupLoad {
  readonly group: number;
  /** Proposals without an outcome. */
  readonly proposals: number;
  /** Reads without an outcome. */
  readonly reads: number;
  /** Membership changes without an outcome. */
  readonly confChanges: number;
  readonly logEntries: number;
  /** Of the commands in those entries. */
  readonly logBytes: number;
}
