/** A group that this node holds, as its catalog lists it. What the log knows wins over `founders`, which only starts an empty log. */
export interface GroupSpec {
  readonly group: number;
  /** Group 0's index of the group's creation; 0 at bootstrap. Frames of another incarnation are refused. */
  readonly incarnation: number;
  /**
   * The voters that the group is founded with, the same on all of them; they start with equal logs. Undefined: this node joins
   * an existing group, with an empty log and an empty configuration, and learns both from the leader.
   */
  readonly founders: readonly number[] | undefined;
}
