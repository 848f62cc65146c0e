import type { Traced, TraceKind } from './trace-kind.js';

/** `… no leader at term …; dropping index reading msg`. INFO. */
export interface ReadIndexDropped extends Traced<typeof TraceKind.ReadIndexDropped> {
  readonly term: number;
}

/** A read that this node asked for may be served as soon as `index` is applied. */
export interface ReadConfirmed extends Traced<typeof TraceKind.ReadConfirmed> {
  readonly index: number;
  /** The number that was given to `readIndex`. */
  readonly context: number;
}

/** What happens to reads by read index. */
export type ReadEvent = ReadIndexDropped | ReadConfirmed;
