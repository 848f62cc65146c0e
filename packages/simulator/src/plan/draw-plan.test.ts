import { checkClusterConfig } from '@flotilla/cluster';
import { canonicalAddress } from '@flotilla/routing';
import { describe, expect, test } from 'vitest';
import { FAULTS } from '../faults/faults.js';
import { drawPlan, onlyActions } from './draw-plan.js';

const PLANS = Array.from({ length: 300 }, (_, seed) => drawPlan(seed, FAULTS));

describe('a plan', () => {
  test('is a function of its seed, and plain data', () => {
    for (const plan of PLANS.slice(0, 20)) {
      expect(drawPlan(plan.seed, FAULTS)).toEqual(plan);
      expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    }
    expect(new Set(PLANS.map((plan) => JSON.stringify({ ...plan, seed: 0 }))).size).toBe(PLANS.length);
  });

  test('is one that a node accepts, whatever the seed', () => {
    for (const { config } of PLANS) {
      expect(() => checkClusterConfig({ listen: ['mem://n1:1'], ...config }, canonicalAddress)).not.toThrow();
    }
  });

  test('has actions in order, numbered from 0, within the time of faults, in no run of all kinds', () => {
    for (const { actions, faultsMs, drawn } of PLANS) {
      expect(actions.map(({ number }) => number)).toEqual(actions.map((_, at) => at));
      expect(drawn).toBe(actions.length);
      expect(actions.map(({ atMs }) => atMs)).toEqual(actions.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
      expect(actions.at(-1)?.atMs ?? 0).toBeLessThanOrEqual(faultsMs);
      expect(new Set(actions.map(({ kind }) => kind)).size).toBeLessThan(FAULTS.length);
    }
  });

  test('of many seeds has every shape, every kind of fault, both modes', () => {
    expect(new Set(PLANS.map(({ nodes }) => nodes))).toEqual(new Set([1, 3, 4, 5]));
    expect(new Set(PLANS.map(({ config }) => config.numGroups))).toEqual(new Set([1, 2, 3, 4]));
    expect(new Set(PLANS.map(({ config }) => config.compaction?.entries))).toEqual(new Set([1, 3, 10, 50, 1_000]));
    expect(new Set(PLANS.map(({ mode }) => mode))).toEqual(new Set(['safety', 'liveness']));
    const kinds = new Set(PLANS.flatMap(({ actions }) => actions.map(({ kind }) => kind)));
    expect([...kinds].toSorted()).toEqual(FAULTS.map(({ kind }) => kind).toSorted());
  });

  test('of a liveness run has machines to do without, and elections that strangers do not disturb', () => {
    for (const { mode, nodes, config } of PLANS) {
      if (mode !== 'liveness') continue;
      expect(nodes).toBeGreaterThanOrEqual(3);
      expect([config.preVote, config.checkQuorum]).toEqual([true, true]);
    }
  });

  test('that is overridden in one part keeps the others', () => {
    const plan = drawPlan(7, FAULTS);
    expect(drawPlan(7, FAULTS, { workload: { clients: 9 } })).toEqual({
      ...plan,
      workload: { ...plan.workload, clients: 9 },
    });
    expect(drawPlan(7, FAULTS, { faults: [] })).toEqual({ ...plan, drawn: 0, actions: [] });
    expect(new Set(drawPlan(7, FAULTS, { faults: ['kill', 'clog'] }).actions.map(({ kind }) => kind))).toEqual(
      new Set(['kill', 'clog']),
    );
  });

  test('with some of its actions keeps their numbers', () => {
    const plan = drawPlan(3, FAULTS);
    const some = onlyActions(plan, [1, 2, 10_000]);
    expect(some.actions.map(({ number }) => number)).toEqual([1, 2]);
    expect({ ...some, actions: plan.actions }).toEqual(plan);
  });
});
