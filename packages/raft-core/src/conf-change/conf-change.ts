/** Kinds of single membership change. The numbers are stable: they are in the log. */
export const ConfChangeType = { AddNode: 0, RemoveNode: 1, UpdateNode: 2, AddLearnerNode: 3 } as const;
export type ConfChangeType = (typeof ConfChangeType)[keyof typeof ConfChangeType];

/** How a change of several nodes goes through: simple where it can be, joint with or without automatic leave. */
export const ConfChangeTransition = { Auto: 0, JointImplicit: 1, JointExplicit: 2 } as const;
export type ConfChangeTransition = (typeof ConfChangeTransition)[keyof typeof ConfChangeTransition];

/** What happens to one node. Node id 0 is nobody: the change is void. */
export interface ConfChangeSingle {
  readonly type: ConfChangeType;
  readonly nodeId: number;
}

/** A single-server change (thesis, section 4.1), logged as `EntryType.ConfChange`. */
export interface ConfChange {
  readonly kind: 'v1';
  readonly type: ConfChangeType;
  readonly nodeId: number;
  /** Opaque to the core. */
  readonly context: Uint8Array;
}

/** A change of any number of nodes (thesis, section 4.3), logged as `EntryType.ConfChangeV2`. No changes at all: leave the joint configuration. */
export interface ConfChangeV2 {
  readonly kind: 'v2';
  readonly transition: ConfChangeTransition;
  readonly changes: readonly ConfChangeSingle[];
  /** Opaque to the core. */
  readonly context: Uint8Array;
}
