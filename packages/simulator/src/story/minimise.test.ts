import { describe, expect, test } from 'vitest';
import { FAULTS } from '../faults/faults.js';
import { drawPlan } from '../plan/draw-plan.js';
import type { SimulationPlan } from '../plan/simulation-plan.js';
import type { SimulationResult } from '../simulation.js';
import { minimised, type PlanRunner } from './minimise.js';

const PLAN = drawPlan(1, FAULTS, { faults: ['kill', 'clog', 'pause'], faultsMs: 600_000 });

function result(plan: SimulationPlan, invariant: string | undefined, story: boolean): SimulationResult {
  return {
    plan,
    violation: invariant === undefined ? undefined : { invariant, message: '', atMs: 1 },
    hash: '',
    observations: 0,
    virtualMs: plan.actions.length,
    operations: 0,
    undecided: 0,
    counts: new Map([['kill', plan.actions.length]]),
    story: story ? [{ atMs: 0, node: '', group: undefined, what: 'told' }] : [],
  };
}

/** A world in which a rule breaks when all of some actions are done. */
function breaksWith(culprits: readonly number[], runs: SimulationPlan[] = []): PlanRunner {
  return (plan, story) => {
    runs.push(plan);
    const numbers = plan.actions.map(({ number }) => number);
    const isBroken = culprits.every((number) => numbers.includes(number));
    return Promise.resolve(result(plan, isBroken ? 'rule' : undefined, story));
  };
}

describe('the search for a shorter story', () => {
  test.each([[[3]], [[0, 7]], [[2, 5, 9]], [[]]])('leaves exactly the actions that it takes: %j', async (culprits) => {
    expect(PLAN.actions.length).toBeGreaterThan(10);
    const found = await minimised(result(PLAN, 'rule', false), breaksWith(culprits), 1_000);
    expect(found.plan.actions.map(({ number }) => number)).toEqual(culprits);
    expect(found.violation?.invariant).toBe('rule');
    expect(found.story).toHaveLength(1);
  });

  test('keeps to its number of runs, and tells the story of what is left then', async () => {
    const runs: SimulationPlan[] = [];
    const found = await minimised(result(PLAN, 'rule', false), breaksWith([2, 5, 9], runs), 4);
    expect(runs.length).toBe(5);
    expect(found.story).toHaveLength(1);
    expect(found.plan.actions.length).toBeGreaterThanOrEqual(3);
  });

  test('keeps the first result where another rule breaks instead, and its sums in any case', async () => {
    const other: PlanRunner = (plan, story) => Promise.resolve(result(plan, 'another', story));
    const first = result(PLAN, 'rule', false);
    expect(await minimised(first, other, 10)).toBe(first);
    const found = await minimised(first, breaksWith([3]), 1_000);
    expect([found.virtualMs, found.counts]).toEqual([first.virtualMs, first.counts]);
  });
});
