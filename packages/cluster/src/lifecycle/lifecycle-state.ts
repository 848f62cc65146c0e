/** Where a node stands between its start and its end. */
export type LifecycleState =
  /** Reading the catalog, opening storage and listeners. */
  | { readonly phase: 'starting' }
  /** The catalog names a cluster: groups are being opened from disk. */
  | { readonly phase: 'restarting' }
  /** This node founds the cluster. */
  | { readonly phase: 'bootstrapping' }
  /** Asking the seeds; `attempt` counts from 0. */
  | { readonly phase: 'joining'; readonly attempt: number }
  /** Serving; `nodes` is the size of the cluster when this was last said. */
  | { readonly phase: 'ready'; readonly nodes: number }
  /** The node gave up, or its disk failed, or it was removed; it serves nothing. */
  | { readonly phase: 'failed'; readonly reason: string }
  /** `stop` was called. */
  | { readonly phase: 'stopping' };

/** The word for a state, stable: it is a label of the one-hot gauge. */
export type LifecyclePhase = LifecycleState['phase'];

/** All phases, in the order in which a node meets them. */
export const LIFECYCLE_PHASES: readonly LifecyclePhase[] = [
  'starting',
  'restarting',
  'bootstrapping',
  'joining',
  'ready',
  'failed',
  'stopping',
];
