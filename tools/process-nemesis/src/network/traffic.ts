/**
 * How the bytes of one direction between two members fare. TCP hides loss, so nothing is ever lost from the middle of a
 * connection: what a network does to it is delay, silence and resets.
 */
export type Traffic =
  | { readonly kind: 'open' }
  /** Kept back until the direction opens: then all of it arrives late, as after retransmissions. */
  | { readonly kind: 'held' }
  /** Lost while the connection seems to live; a connection that lost bytes is reset when the direction opens. */
  | { readonly kind: 'swallowed' }
  | { readonly kind: 'slow'; readonly latencyMs: number; readonly bytesPerSecond: number }
  /** Each piece waits `stallMs` with the one probability, and resets its connection with the other. */
  | { readonly kind: 'lossy'; readonly stalls: number; readonly stallMs: number; readonly resets: number };

/** Nothing is done to the bytes. */
export const OPEN: Traffic = { kind: 'open' };

/** Whether bytes arrive at all. */
export function carries(traffic: Traffic): boolean {
  return traffic.kind !== 'held' && traffic.kind !== 'swallowed';
}
