import type { PartitionVerdict } from '../check/verdict.js';
import { isIndeterminate, type Operation } from '../history/operation.js';
import { type Model, PossibleStates } from '../model/model.js';
import { show } from '../models/show.js';
import { NEVER, type Timeline, timelineOf } from '../search/timeline.js';

/** So many operations that were called after the culprit returned are drawn. */
const LATER = 6;

/** One operation of a picture. */
export interface Bar {
  readonly process: string;
  readonly lane: number;
  /** Columns of call and return; no return where it is indeterminate. */
  readonly from: number;
  readonly to: number | undefined;
  /** Place in the longest linearizable prefix, from 1 on. */
  readonly place: number | undefined;
  /** Where in its interval it takes effect, if it has a place: between columns, never before that of an earlier place. */
  readonly instant: number;
  readonly isCulprit: boolean;
  readonly text: string;
  /** The state after it, if it has a place. */
  readonly state: string | undefined;
  readonly callAt: number;
  readonly returnAt: number | undefined;
}

/** What to draw of a partition. */
export interface Layout {
  /** In order of call. */
  readonly bars: readonly Bar[];
  /** The process of each lane; one that is busy with several operations at once has several lanes. */
  readonly lanes: readonly string[];
  readonly columns: number;
  /** Operations that were left out, before and after. */
  readonly before: number;
  readonly after: number;
  /** What the object holds after the longest linearizable prefix. */
  readonly state: string;
}

/** Lays out at most `barsMax` operations, those around the culprit if there are more. */
export function layOut<State, Input, Output>(
  model: Model<State, Input, Output>,
  partition: PartitionVerdict<Input, Output>,
  barsMax: number,
): Layout {
  const { operations, order, culprit } = partition;
  const timeline = timelineOf(operations);
  const { states, last } = replay(model, partition);
  const shown = choose(timeline, order, culprit, barsMax);
  const columnOf = columns(timeline, shown);
  const places = new Map(order.map((operation, place) => [operation, place]));
  const lanes = new Lanes();
  let instant = 0;
  const instants = new Map<number, number>();
  for (const operation of order) {
    if (!shown.has(operation)) continue;
    instant = Math.max(instant + 0.04, columnOf(timeline.call[operation] as number) + 0.11);
    instants.set(operation, instant);
  }
  const bars: Bar[] = [];
  for (const index of timeline.calls) {
    const operation = operations[index];
    if (operation === undefined || !shown.has(index)) continue;
    const from = columnOf(timeline.call[index] as number);
    const isOpen = isIndeterminate(operation);
    const to = isOpen ? undefined : columnOf(timeline.return[index] as number);
    const place = places.get(index);
    const process = String(operation.process);
    bars.push({
      process,
      lane: lanes.place(process, from, to),
      from,
      to,
      place: place === undefined ? undefined : place + 1,
      instant: instants.get(index) ?? from,
      isCulprit: index === culprit,
      text: describe(model, operation),
      state: place === undefined ? undefined : states[place],
      callAt: operation.callAt,
      returnAt: isOpen ? undefined : operation.returnAt,
    });
  }
  const first = Math.min(...[...shown].map((index) => timeline.call[index] as number));
  let left = 0;
  for (const at of timeline.calls) if (!shown.has(at) && (timeline.call[at] as number) < first) left++;
  return {
    bars,
    lanes: lanes.names,
    columns: columnOf(NEVER),
    before: left,
    after: operations.length - shown.size - left,
    state: last,
  };
}

/** An operation in few characters. */
export function describe<State, Input, Output>(
  model: Model<State, Input, Output>,
  operation: Operation<Input, Output>,
): string {
  const output = isIndeterminate(operation) ? undefined : operation.output;
  return model.describe?.(operation.input, output) ?? `${show(operation.input)} → ${show(output)}`;
}

function choose(
  timeline: Timeline,
  order: readonly number[],
  culprit: number | undefined,
  barsMax: number,
): ReadonlySet<number> {
  const end = culprit === undefined ? NEVER : (timeline.return[culprit] as number);
  const later = timeline.calls.filter((operation) => (timeline.call[operation] as number) > end);
  const earlier = timeline.calls.filter((operation) => (timeline.call[operation] as number) < end);
  const shown = new Set<number>(culprit === undefined ? [] : [culprit]);
  // What was linearized last, what was called last before the culprit returned, and a little of what came then.
  for (const operation of order.slice(-Math.floor(barsMax * 0.6))) shown.add(operation);
  for (const operation of earlier.toReversed()) if (shown.size < barsMax) shown.add(operation);
  for (const operation of later.subarray(0, LATER)) if (shown.size < barsMax) shown.add(operation);
  return shown;
}

/** Numbers the events of what is shown; all later ones get the number of columns. */
function columns(timeline: Timeline, shown: ReadonlySet<number>): (position: number) => number {
  const positions: number[] = [];
  for (const operation of shown) {
    positions.push(timeline.call[operation] as number);
    if (timeline.return[operation] !== NEVER) positions.push(timeline.return[operation] as number);
  }
  const sorted = positions.toSorted((left, right) => left - right);
  const column = new Map(sorted.map((position, index) => [position, index]));
  return (position) => column.get(position) ?? sorted.length;
}

function replay<State, Input, Output>(
  model: Model<State, Input, Output>,
  { operations, order }: PartitionVerdict<Input, Output>,
): { readonly states: readonly string[]; readonly last: string } {
  const text = (states: readonly State[]) =>
    states.map((state) => model.describeState?.(state) ?? show(state)).join(' or ');
  let possible: readonly State[] = [model.init];
  const states: string[] = [];
  for (const index of order) {
    const operation = operations[index];
    if (operation === undefined) continue;
    const output = isIndeterminate(operation) ? undefined : operation.output;
    possible = possible.flatMap((state) => {
      const next = model.step(state, operation.input, output);
      if (next === undefined) return [];
      return next instanceof PossibleStates ? next.states : [next];
    });
    states.push(text(possible));
  }
  return { states, last: text(possible) };
}

/** Rows of a picture: a process has as many as it has operations at one time. */
class Lanes {
  readonly #lanes: { readonly process: string; end: number }[] = [];

  get names(): readonly string[] {
    return this.#lanes.map(({ process }) => process);
  }

  place(process: string, from: number, to: number | undefined): number {
    const free = this.#lanes.findIndex((lane) => lane.process === process && lane.end < from);
    const end = to ?? Number.POSITIVE_INFINITY;
    const lane = this.#lanes[free];
    if (lane !== undefined) {
      lane.end = end;
      return free;
    }
    this.#lanes.push({ process, end });
    return this.#lanes.length - 1;
  }
}
