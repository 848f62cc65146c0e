/** What happens to the packets of one direction. Rates are between 0 and 1, times in ms; what is not given is 0. */
export interface Conditions {
  /** This share of the packets is lost. */
  readonly lossRate?: number;
  /** This share arrives twice. */
  readonly duplicateRate?: number;
  /** Every packet is delayed by a time between these two; if they differ, packets overtake each other. */
  readonly delayMs?: { readonly min: number; readonly max: number };
  /** This share is held back by `reorderByMs` more, so that those sent after it overtake it. */
  readonly reorderRate?: number;
  readonly reorderByMs?: number;
}

/** The delays after which copies of one packet go out, ms; none if it is lost. */
export function fateOf(conditions: Conditions, random: () => number): readonly number[] {
  // All chances are drawn for every packet, so that one rate changed leaves the others' outcomes alone.
  const [lost, doubled, late, first, second] = [random(), random(), random(), random(), random()];
  if (lost < (conditions.lossRate ?? 0)) return [];
  const { min, max } = conditions.delayMs ?? { min: 0, max: 0 };
  const held = late < (conditions.reorderRate ?? 0) ? (conditions.reorderByMs ?? 0) : 0;
  const delay = min + first * (max - min) + held;
  return doubled < (conditions.duplicateRate ?? 0) ? [delay, min + second * (max - min)] : [delay];
}

/** @throws RangeError unless every rate is between 0 and 1, and no time is negative or too long for a timer */
export function checkConditions(conditions: Conditions): void {
  for (const name of ['lossRate', 'duplicateRate', 'reorderRate'] as const) {
    const rate = conditions[name] ?? 0;
    if (!(rate >= 0 && rate <= 1)) throw new RangeError(`${name} is between 0 and 1, not ${rate}`);
  }
  const { min, max } = conditions.delayMs ?? { min: 0, max: 0 };
  if (!(min >= 0 && max >= min && max <= 60_000)) throw new RangeError(`delayMs ${min} to ${max} is no range of times`);
  const by = conditions.reorderByMs ?? 0;
  if (!(by >= 0 && by <= 60_000)) throw new RangeError(`reorderByMs ${by} is no time`);
}
