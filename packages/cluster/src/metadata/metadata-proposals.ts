/** A command of group 0 that was applied on its leader. */
export interface MetadataProposed {
  /** Group 0's index of the command. */
  readonly index: number;
  readonly term: number;
  /** What the applier returned. */
  readonly result: Uint8Array;
}
