import type { Outlet } from './outlet.js';

/** The lane of a piece is the high half of its kind. */
export const PieceLane = { CONTROL: 0, FRAMES: 1, REQUESTS: 2, STREAMS: 3 } as const;

/** A way on which messages come in, and what may come there. */
export interface Inlet {
  /** Where answers leave: the same way back. */
  readonly outlet: Outlet;
  /** The only lane whose pieces may come; undefined where all share the way. */
  readonly lane: number | undefined;
  /** On a channel of the lane of streams: the only stream whose pieces may come, once it is known. */
  stream: number | undefined;
}
