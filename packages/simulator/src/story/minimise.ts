import type { SimulationPlan } from '../plan/simulation-plan.js';
import { onlyActions } from '../plan/draw-plan.js';
import type { SimulationResult } from '../simulation.js';

/** Runs a plan; with its story, if that is asked for. */
export type PlanRunner = (plan: SimulationPlan, story: boolean) => Promise<SimulationResult>;

/**
 * Looks for the fewest actions that still break the same rule, by leaving out halves, quarters and so on (delta debugging: Zeller and
 * Hildebrandt 2002), within so many runs; then runs what is left once more, with its story. Where that run does not break the rule, for it
 * hung on something outside the virtual world, the first result stays. What is summed up over runs is that of the first one.
 */
export async function minimised(first: SimulationResult, run: PlanRunner, runsMax: number): Promise<SimulationResult> {
  const breaks = (result: SimulationResult): boolean => result.violation?.invariant === first.violation?.invariant;
  let numbers = first.plan.actions.map(({ number }) => number);
  let runs = 0;
  const without = async (fewer: readonly number[]): Promise<boolean> => {
    runs += 1;
    return breaks(await run(onlyActions(first.plan, fewer), false));
  };
  let parts = 2;
  while (numbers.length > 0 && runs < runsMax) {
    const size = Math.ceil(numbers.length / parts);
    let shorter: number[] | undefined;
    for (let at = 0; at < numbers.length && shorter === undefined && runs < runsMax; at += size) {
      const fewer = [...numbers.slice(0, at), ...numbers.slice(at + size)];
      if (await without(fewer)) shorter = fewer;
    }
    if (shorter !== undefined) {
      numbers = shorter;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) {
      break;
    } else {
      parts = Math.min(numbers.length, parts * 2);
    }
  }
  const last = await run(onlyActions(first.plan, numbers), true);
  const { virtualMs, operations, undecided, counts } = first;
  return breaks(last) ? { ...last, virtualMs, operations, undecided, counts } : first;
}
