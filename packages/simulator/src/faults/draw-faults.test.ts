import { Prng } from '@flotilla/runtime/virtual';
import { describe, expect, test } from 'vitest';
import { drawFaults } from './draw-faults.js';
import type { FaultAction } from './fault-action.js';
import type { FaultScope } from './fault.js';
import { faultOf, FAULTS } from './faults.js';
import { TormentedCluster } from './testdata/tormented-cluster.js';

const scope: FaultScope = { nodes: ['n1', 'n2', 'n3'], groups: 3, durationMs: 60_000 };
const drawn = (seed: number, faults = FAULTS): FaultAction[] => drawFaults(scope, new Prng(seed), { faults });
const kindsOf = (actions: readonly FaultAction[]): string[] => [...new Set(actions.map(({ kind }) => kind))].sort();

describe('drawing faults', () => {
  test('a seed gives the same plain data every time, numbered in the order of time', () => {
    const actions = drawn(5);
    expect(drawn(5)).toEqual(actions);
    expect(JSON.parse(JSON.stringify(actions))).toEqual(actions);
    expect(actions.map(({ number }) => number)).toEqual([...actions.keys()]);
    for (const [at, { atMs }] of actions.entries()) {
      expect(atMs).toBeGreaterThanOrEqual(actions[at - 1]?.atMs ?? 0);
      expect(atMs).toBeLessThan(scope.durationMs);
    }
  });

  test('seeds differ in kind: some have few kinds, some nearly all, hardly two the same', () => {
    const kinds = Array.from({ length: 100 }, (_, seed) => kindsOf(drawn(seed)));
    expect(new Set(kinds.map((each) => each.join())).size).toBeGreaterThan(95);
    const sizes = kinds.map(({ length }) => length);
    expect(Math.min(...sizes)).toBeLessThan(8);
    expect(Math.max(...sizes)).toBeGreaterThan(35);
  });

  test('every kind comes in many of a hundred seeds', () => {
    const seeds = new Map<string, number>();
    for (let seed = 0; seed < 100; seed++) {
      for (const kind of kindsOf(drawn(seed))) seeds.set(kind, (seeds.get(kind) ?? 0) + 1);
    }
    for (const { kind } of FAULTS) expect(seeds.get(kind) ?? 0, kind).toBeGreaterThan(10);
  });

  test('a kind that is added changes nothing but numbers in the actions of others', () => {
    const others = FAULTS.filter(({ kind }) => kind !== 'wipe');
    const bare = (actions: readonly FaultAction[]): unknown[] =>
      actions.filter(({ kind }) => kind !== 'wipe').map((action) => ({ ...action, number: 0, durationMs: 0 }));
    const seed =
      Array.from({ length: 50 }, (_, at) => at).find(
        (each) => drawn(each).length < 100 && kindsOf(drawn(each)).includes('wipe'),
      ) ?? -1;
    expect(seed).not.toBe(-1);
    expect(bare(drawn(seed))).toEqual(bare(drawn(seed, others)));
  });

  test('no more than a few actions are in force at once, on average', () => {
    let most = 0;
    for (let seed = 0; seed < 100; seed++) {
      const lasting = drawn(seed).reduce((sum, { durationMs }) => sum + durationMs, 0);
      most = Math.max(most, lasting / scope.durationMs);
    }
    expect(most).toBeGreaterThan(3);
    expect(most).toBeLessThan(4.2);
  });

  test('where clocks are trusted nothing strikes them', () => {
    for (let seed = 0; seed < 30; seed++) {
      const actions = drawFaults(scope, new Prng(seed), { faults: FAULTS, trustedClocks: true });
      expect(actions.filter(({ kind }) => faultOf(kind).family === 'clock')).toEqual([]);
    }
  });
});

test('kinds have names of their own, and an unknown one is refused', () => {
  expect(new Set(FAULTS.map(({ kind }) => kind)).size).toBe(FAULTS.length);
  for (const { kind } of FAULTS) expect(kind).toMatch(/^[a-z]+(-[a-z]+)*$/u);
  expect(() => faultOf('earthquake')).toThrow('there is no fault earthquake');
});

describe('faults that cannot be done now do nothing', () => {
  test.each(FAULTS.map(({ kind }) => kind))('%s', async (kind) => {
    // Machines exist, and nothing was ever started on them.
    const tormented = new TormentedCluster(kind.length % 2 === 0 ? 1 : 3);
    const { cluster } = tormented;
    const few = { nodes: cluster.names, groups: 2, durationMs: 1_000 };
    const prng = new Prng(kind);
    for (let number = 0; number < 5; number++) {
      const action = { number, atMs: 0, kind, ...faultOf(kind).draw(few, prng) };
      void faultOf(kind).inject(cluster, action);
      await tormented.run(100);
      void faultOf(kind).heal?.(cluster, action);
      void faultOf(kind).heal?.(cluster, action);
    }
    await tormented.run(1_000);
    expect(tormented.crashes).toEqual([]);
    expect(cluster.counts.get(kind)).toBeUndefined();
  });
});
