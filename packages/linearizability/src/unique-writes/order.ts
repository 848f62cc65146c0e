import { NEVER, type Timeline } from '../search/timeline.js';
import type { Block, Position } from './blocks.js';

interface Zone {
  readonly block: Block;
  /** The first return in the block: what is called later comes after the block. */
  readonly firstReturn: number;
  /** The last call in the block: what returned before comes before the block. */
  readonly lastCall: number;
}

/**
 * Puts blocks one after the other so that real time is kept (Gibbons and Korach, Testing Shared Memories, section 4); undefined when no
 * order does. Gives the operations in order.
 *
 * Block A must stand before B when an operation of A returned before one of B was called, that is, when A's first return is before B's last
 * call. Blocks have an order if no two must stand before each other, and then that of the sums of both instants is one.
 */
export function orderOf(blocks: readonly Block[], timeline: Timeline): number[] | undefined {
  const zones: Zone[] = [];
  for (const block of blocks) {
    const zone = zoneOf(block, timeline);
    if (zone === undefined) return undefined;
    zones.push(zone);
  }
  zones.sort(compare);
  let lastCall = -1;
  for (const zone of zones) {
    if (zone.firstReturn < lastCall) return undefined;
    lastCall = Math.max(lastCall, zone.lastCall);
  }
  return zones.flatMap(({ block }) => block.positions.flatMap((position) => operationsOf(position, timeline)));
}

function compare(left: Zone, right: Zone): number {
  if (left.block.isFirst !== right.block.isFirst) return left.block.isFirst ? -1 : 1;
  return left.firstReturn + left.lastCall - (right.firstReturn + right.lastCall);
}

/** Undefined when the block's own order is against real time. */
function zoneOf(block: Block, timeline: Timeline): Zone | undefined {
  let firstReturn = NEVER;
  let lastCall = -1;
  for (const { writer, readers } of block.positions) {
    if (writer !== undefined) {
      const returned = timeline.return[writer] as number;
      if (returned < lastCall) return undefined;
      firstReturn = Math.min(firstReturn, returned);
      lastCall = Math.max(lastCall, timeline.call[writer] as number);
    }
    const lastCallBefore = lastCall;
    for (const reader of readers) {
      const returned = timeline.return[reader] as number;
      if (returned < lastCallBefore) return undefined;
      firstReturn = Math.min(firstReturn, returned);
      lastCall = Math.max(lastCall, timeline.call[reader] as number);
    }
  }
  return { block, firstReturn, lastCall };
}

function operationsOf({ writer, readers }: Position, timeline: Timeline): number[] {
  const sorted = readers.toSorted((left, right) => (timeline.call[left] as number) - (timeline.call[right] as number));
  return writer === undefined ? sorted : [writer, ...sorted];
}
