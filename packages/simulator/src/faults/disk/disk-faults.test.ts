import type { FilesCall } from '@flotilla/storage/memory';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FaultAction } from '../fault-action.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { TormentedCluster } from '../testdata/tormented-cluster.js';

let tormented: TormentedCluster;

beforeEach(async () => {
  tormented = await TormentedCluster.started(3, { compaction: { entries: 40 } });
}, 60_000);

afterEach(async () => {
  await tormented.until(() => tormented.isWhole() && faultsInForce(tormented.cluster).damage.machines.size === 0);
  await tormented.serves();
  expect(tormented.crashes).toEqual([]);
}, 60_000);

const on = (node: string): Pick<FaultAction, 'target'> => ({ target: { kind: 'node', node } });

/** Bytes of every file of a machine. */
function contents(machine: string): Map<string, Uint8Array> {
  const { files } = tormented.node(machine).disk;
  return new Map(files.paths().map((path) => [path, files.peek(path) ?? new Uint8Array(0)]));
}

/** Sectors that differ, as `path/number`, with how many bits of them do. */
function differences(
  before: ReadonlyMap<string, Uint8Array>,
  after: ReadonlyMap<string, Uint8Array>,
): Map<string, number> {
  const found = new Map<string, number>();
  for (const [path, bytes] of after) {
    for (const [at, byte] of bytes.entries()) {
      let changed = byte ^ (before.get(path)?.[at] ?? 0);
      const key = `${path}/${Math.floor(at / 512)}`;
      for (; changed !== 0; changed &= changed - 1) found.set(key, (found.get(key) ?? 0) + 1);
    }
  }
  return found;
}

describe('a call that fails ends the process, which starts again and serves', () => {
  test.each(['failing-write', 'short-write'])('%s', async (kind) => {
    const { life } = tormented.node('n2');
    const action = tormented.action(kind, { ...on('n2'), amount: 2 });
    tormented.inject(action);
    await tormented.until(() => tormented.count(kind) === 1);
    await tormented.until(() => tormented.node('n2').life === life + 1);
    tormented.heal(action);
  });

  test('failing-sync, once; those after it succeed', async () => {
    const action = tormented.action('failing-sync', { ...on('n2'), amount: 1 });
    const { life } = tormented.node('n2');
    tormented.inject(action);
    await tormented.until(() => tormented.count('failing-sync') === 1);
    await tormented.run(5_000);
    expect(tormented.count('failing-sync')).toBe(1);
    expect(tormented.node('n2').life).toBeGreaterThanOrEqual(life);
    tormented.heal(action);
  });

  test.each(['failing-open', 'failing-read'])('%s, while it starts', async (kind) => {
    const action = tormented.action(kind, { ...on('n2'), amount: 1 });
    const { life } = tormented.node('n2');
    tormented.inject(action);
    tormented.node('n2').kill();
    await tormented.world.settle(tormented.node('n2').start());
    expect(tormented.count(kind)).toBe(1);
    await tormented.until(() => tormented.node('n2').life === life + 2);
    tormented.heal(action);
  });

  test('one that is undone before it came is not counted', async () => {
    const action = tormented.action('failing-write', { ...on('n3'), amount: 1_000 });
    const before = tormented.count('failing-write');
    tormented.inject(action);
    await tormented.run(1_000);
    tormented.heal(action);
    await tormented.run(20_000);
    expect(tormented.count('failing-write')).toBe(before);
  });
});

describe('disks that take their time', () => {
  test('slow-disk, at a majority: puts take as long', async () => {
    const before = await tormented.putMs();
    const actions = ['n1', 'n2', 'n3'].map((name) => tormented.action('slow-disk', { ...on(name), amount: 400 }));
    for (const action of actions) tormented.inject(action);
    expect(await tormented.putMs()).toBeGreaterThan(before + 50);
    expect(tormented.count('slow-disk')).toBe(3);
    for (const action of actions) tormented.heal(action);
    await tormented.run(2_000);
    expect(await tormented.putMs()).toBeLessThan(before + 10);
  });

  test('hanging-sync, at a majority: nothing is acknowledged until the disks come back', async () => {
    const actions = ['n1', 'n2', 'n3'].map((name) => tormented.action('hanging-sync', on(name)));
    for (const action of actions) tormented.inject(action);
    await tormented.run(100);
    const { puts } = tormented;
    await tormented.run(5_000);
    expect(tormented.puts).toBe(puts);
    expect(tormented.count('hanging-sync')).toBe(3);
    for (const action of actions) tormented.heal(action);
    await tormented.serves();
  });

  test('full-disk, at all: writes are refused until there is room again', async () => {
    const actions = ['n1', 'n2', 'n3'].map((name) => tormented.action('full-disk', on(name)));
    for (const action of actions) tormented.inject(action);
    await tormented.until(() => tormented.count('full-disk') === 3);
    for (const { disk } of tormented.cluster.nodes.values()) expect(disk.files.capacityBytes).toBeLessThan(Infinity);
    for (const action of actions) tormented.heal(action);
    for (const { disk } of tormented.cluster.nodes.values()) expect(disk.files.capacityBytes).toBe(Infinity);
    await tormented.serves();
  });
});

describe('damage is found or harmless, and repaired', () => {
  test('bit-flip turns one bit of one file', async () => {
    const before = contents('n3');
    const action = tormented.action('bit-flip', { ...on('n3'), choice: 0.3 });
    tormented.inject(action);
    expect([...differences(before, contents('n3')).values()]).toEqual([1]);
    expect(tormented.count('bit-flip')).toBe(1);
    const { life } = tormented.node('n3');
    tormented.heal(action);
    expect(tormented.node('n3').life).toBe(life + 1);
  });

  test('stale-sector gives one sector back what it was', async () => {
    await tormented.run(2_000);
    const before = contents('n3');
    const action = tormented.action('stale-sector', on('n3'));
    tormented.inject(action);
    const [sector, ...more] = differences(before, contents('n3')).keys();
    expect(more).toEqual([]);
    expect(sector).toMatch(/log-0\/.*\/[1-9]\d*$/u);
    const { nodeId } = tormented.node('n3');
    tormented.heal(action);
    await tormented.until(() => tormented.node('n3').nodeId !== nodeId && tormented.isWhole());
    expect(tormented.cluster.story.lines.some(({ what }) => what.includes('StorageCorrupt'))).toBe(true);
  });

  test('misdirected-write puts a batch over another one, and not where it belongs', async () => {
    const { disk, nodeId } = tormented.node('n2');
    const writes: FilesCall[] = [];
    disk.onCall = (call) => {
      if (call.operation === 'writeAt') writes.push({ ...call, bytes: call.bytes.slice() });
      return undefined;
    };
    const action = tormented.action('misdirected-write', { ...on('n2'), choice: 0 });
    tormented.inject(action);
    await tormented.until(() => tormented.count('misdirected-write') === 1);
    await tormented.run(5);
    const stands = ({ path, length, bytes }: FilesCall, position: number): boolean =>
      disk.files.peek(path, position, position + length)?.join() === bytes.join();
    const astray = writes.filter((write) => write.position > 1_024 && stands(write, 512));
    expect(astray).toHaveLength(1);
    for (const write of astray) expect(stands(write, write.position)).toBe(false);
    tormented.heal(action);
    await tormented.until(() => tormented.node('n2').nodeId !== nodeId && tormented.isWhole());
  });

  test('garbled-write leaves something else in a sector in flight', async () => {
    const action = tormented.action('garbled-write', on('n1'));
    tormented.inject(action);
    await tormented.until(() => tormented.node('n1').state === 'down');
    expect(tormented.count('garbled-write')).toBe(1);
    tormented.heal(action);
    await tormented.until(() => tormented.isWhole());
  });

  test('torn-write loses the power in the middle of a write of several sectors', async () => {
    const action = tormented.action('torn-write', on('n1'));
    tormented.inject(action);
    await tormented.until(() => tormented.node('n1').state === 'down');
    expect(tormented.count('torn-write')).toBe(1);
    expect(tormented.node('n1').disk.files.choices()).toEqual([]);
    tormented.heal(action);
  });

  test('no second disk is damaged or lost before the first one is repaired', async () => {
    const first = tormented.action('bit-flip', on('n1'));
    tormented.inject(first);
    const wipes = tormented.count('wipe');
    tormented.inject(tormented.action('wipe', on('n2')));
    tormented.inject(tormented.action('stale-sector', on('n3')));
    expect(tormented.count('wipe')).toBe(wipes);
    expect([...faultsInForce(tormented.cluster).damage.machines]).toEqual(['n1']);
    tormented.heal(first);
  });

  test('a machine is damaged for as long as the damaged bytes of a snapshot are there, also when it serves again', async () => {
    const { damage } = faultsInForce(tormented.cluster);
    const node = tormented.node('n3');
    await tormented.until(() => node.disk.files.paths().some((each) => each.endsWith('.snapshot')));
    const path = node.disk.files.paths().find((each) => each.endsWith('.snapshot')) ?? '';
    // The bytes are what they were: whoever reads them finds nothing, as one who does not read them would not.
    damage.note('n3', { path, position: 100, bytes: node.disk.files.peek(path, 100, 101) ?? new Uint8Array(0) });
    node.kill();
    await tormented.world.settle(node.start());
    await tormented.until(() => node.running?.lifecycle.phase === 'ready');
    await tormented.run(600);
    expect(node.disk.files.paths().includes(path)).toBe(damage.machines.has('n3'));
    await tormented.until(() => !node.disk.files.paths().includes(path));
    await tormented.run(600);
    expect(damage.machines.has('n3')).toBe(false);
  });

  test('where a group has too few voters no disk is damaged', async () => {
    const pair = await TormentedCluster.started(2);
    for (const kind of ['bit-flip', 'stale-sector', 'misdirected-write', 'garbled-write', 'wipe']) {
      const action = pair.action(kind, on('n1'));
      pair.inject(action);
      await pair.run(1_000);
      pair.heal(action);
      expect(pair.count(kind)).toBe(0);
    }
    expect(pair.node('n1').life).toBe(1);
  });
});
