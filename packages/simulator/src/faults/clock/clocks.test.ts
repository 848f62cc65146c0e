import { beforeEach, expect, test } from 'vitest';
import type { FaultAction } from '../fault-action.js';
import { TormentedCluster } from '../testdata/tormented-cluster.js';

let tormented: TormentedCluster;

beforeEach(async () => {
  tormented = await TormentedCluster.started(3);
}, 60_000);

const on = (node: string): Pick<FaultAction, 'target'> => ({ target: { kind: 'node', node } });

/** How far a machine's clock goes on in a second of the world. */
async function secondOf(machine: string): Promise<number> {
  const before = tormented.node(machine).runtime?.now() ?? 0;
  await tormented.run(1_000);
  return (tormented.node(machine).runtime?.now() ?? 0) - before;
}

/** How far a machine's wall clock is from the world's. */
function wallOffset(machine: string): number {
  return (tormented.node(machine).runtime?.wallClock() ?? 0) - tormented.cluster.director.wallClock();
}

test('clock-drift: a clock runs a fifth too fast, also in the next life, until that is undone', async () => {
  const action = tormented.action('clock-drift', { ...on('n2'), amount: 200_000 });
  tormented.inject(action);
  expect(await secondOf('n2')).toBeCloseTo(1_200, 6);
  expect(await secondOf('n1')).toBe(1_000);
  tormented.node('n2').kill();
  await tormented.world.settle(tormented.node('n2').start());
  expect(await secondOf('n2')).toBeCloseTo(1_200, 6);
  expect(tormented.count('clock-drift')).toBe(1);
  tormented.heal(action);
  expect(await secondOf('n2')).toBeCloseTo(1_000, 6);
  await tormented.until(() => tormented.isWhole());
});

test('clock-drift: of two the last one holds, and the clock is right when both are undone, in any order', async () => {
  const fast = tormented.action('clock-drift', { ...on('n2'), amount: 100_000 });
  const slow = tormented.action('clock-drift', { ...on('n2'), amount: -100_000 });
  tormented.inject(fast);
  tormented.inject(slow);
  expect(await secondOf('n2')).toBeCloseTo(900, 6);
  tormented.heal(fast);
  expect(await secondOf('n2')).toBeCloseTo(900, 6);
  tormented.heal(slow);
  expect(await secondOf('n2')).toBeCloseTo(1_000, 6);
});

test('clock-jump: the monotonic clock is ahead at once, and the cluster goes on', async () => {
  const before = tormented.node('n2').runtime?.now() ?? 0;
  tormented.inject(tormented.action('clock-jump', { ...on('n2'), amount: 20_000 }));
  expect((tormented.node('n2').runtime?.now() ?? 0) - before).toBe(20_000);
  expect(tormented.count('clock-jump')).toBe(1);
  await tormented.serves();
  await tormented.until(() => tormented.isWhole());
});

test('wall-clock-jump: the wall clock is off until that is undone; the monotonic one never', async () => {
  const action = tormented.action('wall-clock-jump', { ...on('n2'), amount: -3_600_000 });
  tormented.inject(action);
  expect(wallOffset('n2')).toBe(-3_600_000);
  expect(await secondOf('n2')).toBe(1_000);
  tormented.heal(action);
  expect(wallOffset('n2')).toBe(0);
  expect(tormented.count('wall-clock-jump')).toBe(1);
});

test('clock-strobe: the wall clock jumps to and fro', async () => {
  const action = tormented.action('clock-strobe', { ...on('n2'), amount: 700 });
  const seen = new Set<number>();
  tormented.inject(action);
  for (let ms = 0; ms < 1_000; ms += 100) {
    seen.add(wallOffset('n2'));
    await tormented.run(100);
  }
  expect([...seen].sort((a, b) => a - b)).toEqual([0, 700]);
  tormented.heal(action);
  expect(wallOffset('n2')).toBe(0);
  await tormented.run(1_000);
  expect([wallOffset('n2'), tormented.count('clock-strobe')]).toEqual([0, 1]);
});
