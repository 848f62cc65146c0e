/**
 * One fault of a plan: plain data, drawn from the seed before the run begins, so that a run with a subset of them is still a run of the same
 * seed. Each kind has its parameters in `amount` and `choice`; `target` names a machine, a link or a role that is looked up when it happens.
 */
export interface FaultAction {
  /** Position in the plan, from 0 on: how a story names it. */
  readonly number: number;
  /** Virtual ms since the faults began. */
  readonly atMs: number;
  readonly kind: string;
  readonly target: FaultTarget;
  /** How long until it is undone, in virtual ms; 0 where there is nothing to undo. */
  readonly durationMs: number;
  /** How much, as the kind says; 0 where it needs none. */
  readonly amount: number;
  /** In [0, 1): decides what is left to chance, so that dropping other actions of the plan does not change it. */
  readonly choice: number;
}

/** Whom a fault strikes. Names are machines (`n1`); `leader` is whichever leads the group when it happens. */
export type FaultTarget =
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'leader'; readonly group: number }
  | { readonly kind: 'link'; readonly from: string; readonly to: string }
  | { readonly kind: 'split'; readonly sides: readonly (readonly string[])[] }
  | { readonly kind: 'cluster' };
