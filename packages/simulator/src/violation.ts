/** A rule that did not hold in a run. */
export interface Violation {
  /**
   * Name of the invariant; or `crash`: something threw; `stuck`: the virtual world came to a standstill, or turned in circles, or the cluster did
   * not come to rest after all was healed; `liveness`: a part that could serve did not.
   */
  readonly invariant: string;
  readonly message: string;
  /** Virtual ms since the run began. */
  readonly atMs: number;
  /** Machine and group that it concerns, where that is known. */
  readonly node?: string;
  readonly group?: number;
}
