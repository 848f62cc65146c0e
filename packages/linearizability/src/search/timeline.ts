import { type History, isIndeterminate } from '../history/operation.js';

/** The return of an operation that may never take effect: after everything. */
export const NEVER = 0x7fff_ffff;

/**
 * The calls and returns of a history as positions in one order of events. Intervals are closed: at equal times all calls stand before all
 * returns. Operations are named by their index in the history.
 */
export interface Timeline {
  /** Position of each operation's call. */
  readonly call: Int32Array;
  /** Position of each operation's return, `NEVER` where it is indeterminate. */
  readonly return: Int32Array;
  /** All operations, by call. */
  readonly calls: Int32Array;
  /** The operations that returned, by return. */
  readonly returns: Int32Array;
}

/** Orders the events of a history; ties between events of one kind keep the history's order. */
export function timelineOf<Input, Output>(history: History<Input, Output>): Timeline {
  const count = history.length;
  const callAt = new Float64Array(count);
  const returnAt = new Float64Array(count);
  let returned = 0;
  for (const [index, operation] of history.entries()) {
    callAt[index] = operation.callAt;
    returnAt[index] = isIndeterminate(operation) ? Number.POSITIVE_INFINITY : operation.returnAt;
    if (!isIndeterminate(operation)) returned++;
  }
  const by = (times: Float64Array) => (left: number, right: number) => {
    const difference = (times[left] as number) - (times[right] as number);
    // Two infinities have no difference.
    return difference === 0 || Number.isNaN(difference) ? left - right : difference;
  };
  const calls = Int32Array.from({ length: count }, (_, index) => index).sort(by(callAt));
  const returns = Int32Array.from(calls).sort(by(returnAt)).subarray(0, returned);
  const timeline: Timeline = { call: new Int32Array(count), return: new Int32Array(count).fill(NEVER), calls, returns };
  let position = 0;
  let nextReturn = 0;
  const returnsBefore = (time: number) => {
    for (; nextReturn < returned; nextReturn++) {
      const operation = returns[nextReturn] as number;
      if ((returnAt[operation] as number) >= time) break;
      timeline.return[operation] = position++;
    }
  };
  for (const operation of calls) {
    returnsBefore(callAt[operation] as number);
    timeline.call[operation] = position++;
  }
  returnsBefore(Number.POSITIVE_INFINITY);
  return timeline;
}
