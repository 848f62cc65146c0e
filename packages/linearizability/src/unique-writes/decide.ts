import type { Explanation } from '../search/search.js';
import { NEVER, type Timeline } from '../search/timeline.js';
import { blocksOf } from './blocks.js';
import { orderOf } from './order.js';
import type { UniqueWriteRole } from './role.js';

/**
 * Decides a history whose written values are all different: linear in what was read, and a sort. Where it is not linearizable, the culprit is
 * found by halving: the longest part of the history that is, a call without return in it being one that may or may not take place.
 */
export function decideUniqueWrites(roles: readonly UniqueWriteRole[], timeline: Timeline): Explanation {
  const whole = orderUntil(roles, timeline, NEVER);
  if (whole !== undefined) return { order: whole };
  let order: number[] = [];
  let passed = 0;
  let refused = timeline.returns.length - 1;
  while (passed < refused) {
    const middle = (passed + refused) >>> 1;
    const attempt = orderUntil(roles, timeline, timeline.return[timeline.returns[middle] as number] as number);
    if (attempt === undefined) refused = middle;
    else {
      passed = middle + 1;
      order = attempt;
    }
  }
  return { order, culprit: timeline.returns[refused] as number };
}

/** The order of what took place up to the return at `end`. */
function orderUntil(roles: readonly UniqueWriteRole[], timeline: Timeline, end: number): number[] | undefined {
  const isRequired = (operation: number) =>
    (timeline.return[operation] as number) <= end && timeline.return[operation] !== NEVER;
  const isPossible = (operation: number) => (timeline.call[operation] as number) < end;
  const blocks = blocksOf(roles, { isRequired, isPossible });
  if (blocks === undefined) return undefined;
  const until: Timeline = { ...timeline, return: timeline.return.map((at) => (at <= end ? at : NEVER)) };
  return orderOf(blocks, until);
}
