import { beforeEach, describe, expect, test } from 'vitest';
import type { FaultAction, FaultTarget } from '../fault-action.js';
import { TormentedCluster } from '../testdata/tormented-cluster.js';

let tormented: TormentedCluster;

beforeEach(async () => {
  tormented = await TormentedCluster.started(3);
}, 60_000);

/** Does a fault for some seconds, undoes it, and says which effects it had, and that it has none any more. */
async function effectsOf(action: FaultAction, ms: number): Promise<Set<string>> {
  const effects = tormented.networkEffects();
  const before = tormented.count(action.kind);
  tormented.inject(action);
  await tormented.run(ms);
  tormented.heal(action);
  const had = new Set(effects);
  expect(tormented.count(action.kind)).toBe(before + 1);
  await tormented.until(() => tormented.isWhole());
  await tormented.run(3_000);
  effects.clear();
  await tormented.run(2_000);
  expect([...effects]).toEqual([]);
  await tormented.serves();
  expect(tormented.crashes).toEqual([]);
  return had;
}

function directionsOf(effects: ReadonlySet<string>, effect: string): string[] {
  return [...effects]
    .filter((each) => each.startsWith(`${effect} `))
    .map((each) => each.slice(effect.length + 1))
    .sort();
}

const split = (...sides: string[][]): FaultTarget => ({ kind: 'split', sides });
const node = (name: string): FaultTarget => ({ kind: 'node', node: name });
const link = (from: string, to: string): FaultTarget => ({ kind: 'link', from, to });

describe('partitions cut exactly the directions that they name, until they are undone', () => {
  const shapes: readonly (readonly [string, FaultTarget, number, readonly string[]])[] = [
    ['symmetric-partition', split(['n1'], ['n2', 'n3']), 0, ['n1>n2', 'n1>n3', 'n2>n1', 'n3>n1']],
    ['one-way-cut', link('n2', 'n3'), 0, ['n2>n3']],
    ['deaf-node', node('n2'), 0, ['n1>n2', 'n3>n2']],
    ['mute-node', node('n2'), 0, ['n2>n1', 'n2>n3']],
    ['bridge', split(['n1'], ['n3']), 0, ['n1>n3', 'n3>n1']],
    ['majority-ring', split(['n1'], ['n2'], ['n3']), 0, ['n1>n3', 'n2>n1', 'n3>n2']],
    ['partial-partition', split(['n3', 'n1', 'n2']), 0.4, ['n1>n3', 'n3>n1']],
    ['isolation', node('n3'), 0, ['n1>n3', 'n2>n3', 'n3>n1', 'n3>n2']],
  ];
  test.each(shapes)('%s', async (kind, target, amount, cut) => {
    const effects = await effectsOf(tormented.action(kind, { target, amount }), 2_500);
    const lost = directionsOf(effects, 'lost');
    // Where a connection cannot be made anew, dials and refusals are lost on the way back as well: never anything on an open link.
    for (const direction of cut) expect(lost).toContain(direction);
    expect(lost.filter((direction) => !cut.includes(direction))).toEqual([]);
  });

  test('links that two actions cut stay cut until both are undone', async () => {
    const effects = tormented.networkEffects();
    const isolation = tormented.action('isolation', { target: node('n3') });
    const cut = tormented.action('one-way-cut', { target: link('n3', 'n1') });
    tormented.inject(cut);
    tormented.inject(isolation);
    await tormented.run(1_000);
    tormented.heal(isolation);
    await tormented.run(500);
    effects.clear();
    await tormented.run(12_000);
    const lost = directionsOf(effects, 'lost');
    tormented.heal(cut);
    await tormented.until(() => tormented.isWhole());
    expect(lost).toEqual(['n3>n1']);
  });
});

describe('delays make everything slower, and are gone when they are undone', () => {
  const kinds = [
    ['constant-delay', 100, 200],
    ['uniform-delay', 400, 60],
    ['exponential-delay', 100, 60],
    ['heavy-tailed-delay', 10, 20],
  ] as const;
  test.each(kinds)('%s', async (kind, amount, leastMs) => {
    await tormented.until(() => tormented.isWhole());
    const before = await tormented.putMs();
    const action = tormented.action(kind, { amount });
    const count = tormented.count(kind);
    tormented.inject(action);
    expect(await tormented.putMs(8)).toBeGreaterThan(leastMs);
    expect(tormented.count(kind)).toBe(count + 1);
    tormented.heal(action);
    await tormented.run(12_000);
    await tormented.until(() => tormented.isWhole());
    expect(await tormented.putMs()).toBeLessThan(2 * before + 1);
  });
});

describe('bad links', () => {
  const cluster: FaultTarget = { kind: 'cluster' };
  test.each([
    ['loss', cluster, 0.3, 'stalled'],
    ['breaking-connections', cluster, 0.05, 'broken'],
    ['low-bandwidth', cluster, 4_000, 'throttled'],
    ['clog', node('n1'), 0, 'held'],
  ] as const)('%s', async (kind, target, amount, effect) => {
    const effects = await effectsOf(tormented.action(kind, { target, amount }), 3_000);
    expect(directionsOf(effects, effect).length).toBeGreaterThan(0);
    expect(directionsOf(effects, 'lost')).toEqual([]);
  });

  test('swizzle-clog holds up each link of its machines for a time of its own, and loses nothing', async () => {
    const action = tormented.action('swizzle-clog', { target: split(['n1', 'n2']), durationMs: 4_000 });
    const effects = await effectsOf(action, 4_000);
    expect(directionsOf(effects, 'held')).toEqual(['n1>n2', 'n1>n3', 'n2>n1', 'n2>n3']);
    expect(directionsOf(effects, 'lost')).toEqual([]);
  });

  test('swizzle-clog that is undone early releases everything', async () => {
    const action = tormented.action('swizzle-clog', { target: split(['n1']), durationMs: 60_000 });
    tormented.inject(action);
    await tormented.run(25_000);
    tormented.heal(action);
    await tormented.run(2_000);
    const effects = tormented.networkEffects();
    await tormented.run(40_000);
    expect([...effects]).toEqual([]);
    await tormented.until(() => tormented.isWhole());
  });

  test.each(['connection-reset', 'reordering-reset'])(
    '%s breaks the connections of two machines, which connect again',
    async (kind) => {
      const effects = await effectsOf(tormented.action(kind, { target: link('n1', 'n2') }), 100);
      expect(directionsOf(effects, 'broken').every((direction) => ['n1>n2', 'n2>n1'].includes(direction))).toBe(true);
      expect(directionsOf(effects, 'broken').length).toBeGreaterThan(0);
    },
  );
});
