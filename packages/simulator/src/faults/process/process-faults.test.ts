import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FaultAction } from '../fault-action.js';
import { TormentedCluster } from '../testdata/tormented-cluster.js';

let tormented: TormentedCluster;

beforeEach(async () => {
  tormented = await TormentedCluster.started(3);
}, 60_000);

afterEach(async () => {
  await tormented.until(() => tormented.isWhole());
  await tormented.serves();
  expect(tormented.crashes).toEqual([]);
}, 60_000);

const on = (node: string): Pick<FaultAction, 'target'> => ({ target: { kind: 'node', node } });
const states = (): string[] => [...tormented.cluster.nodes.values()].map(({ state }) => state);
const lives = (): number[] => [...tormented.cluster.nodes.values()].map(({ life }) => life);

/** Whether any peer of a machine still believes in a connection with it. */
function isBelievedIn(machine: string): boolean {
  const others = [...tormented.cluster.nodes.values()].filter(({ name }) => name !== machine);
  return others.some(({ running }) =>
    running?.status().peers.some(({ name, connected }) => name === machine && connected),
  );
}

describe('a machine goes down, and comes up again when the fault is undone', () => {
  test.each(['kill', 'power-cut', 'half-open'])('%s', async (kind) => {
    const action = tormented.action(kind, { ...on('n2'), amount: 2 });
    tormented.inject(action);
    expect(states()).toEqual(['running', 'down', 'running']);
    expect(tormented.count(kind)).toBe(1);
    await tormented.run(50);
    // A process that dies is missed at once; a machine that is gone tells nobody.
    expect(isBelievedIn('n2')).toBe(kind !== 'kill');
    await tormented.run(5_000);
    expect(states()).toEqual(['running', 'down', 'running']);
    tormented.heal(action);
    await tormented.run(100);
    expect(lives()).toEqual([1, 2, 1]);
  });

  test.each(['kill-all', 'power-cut-all'])('%s', async (kind) => {
    const action = tormented.action(kind, { amount: 2 });
    tormented.inject(action);
    expect(states()).toEqual(['down', 'down', 'down']);
    expect(tormented.count(kind)).toBe(1);
    await tormented.run(500);
    tormented.heal(action);
    await tormented.run(500);
    expect(lives()).toEqual([2, 2, 2]);
  });

  test('one that two faults hold down starts when the last of them is undone', async () => {
    const first = tormented.action('kill', on('n1'));
    const all = tormented.action('kill-all');
    tormented.inject(all);
    tormented.inject(first);
    expect(tormented.count('kill')).toBe(0);
    tormented.heal(all);
    await tormented.until(() => tormented.isWhole());
    const cut = tormented.action('power-cut', on('n1'));
    tormented.inject(cut);
    const again = tormented.action('kill-all');
    tormented.inject(again);
    tormented.heal(again);
    await tormented.run(1_000);
    expect(states()[0]).toBe('down');
    tormented.heal(cut);
  });

  test('the leader is struck by its role, and the same machine comes up again', async () => {
    const leader = tormented.cluster.leaderOf(1);
    const action = tormented.action('kill', { target: { kind: 'leader', group: 1 } });
    tormented.inject(action);
    await tormented.until(() => ![undefined, leader].includes(tormented.cluster.leaderOf(1)));
    tormented.heal(action);
    await tormented.run(100);
    expect(tormented.node(leader ?? '').life).toBe(2);
  });
});

describe('restarts', () => {
  test('restart stops a node in good order and starts it again', async () => {
    tormented.inject(tormented.action('restart', on('n3')));
    await tormented.until(() => lives()[2] === 2);
    expect(tormented.count('restart')).toBe(1);
  });

  test('rolling-restart does so with all, one after the other', async () => {
    const action = tormented.action('rolling-restart', { durationMs: 9_000 });
    tormented.inject(action);
    const seen = new Set<string>();
    for (let ms = 0; ms < 9_000; ms += 100) {
      await tormented.run(100);
      seen.add(lives().join());
    }
    tormented.heal(action);
    expect([...seen]).toEqual(['1,1,1', '2,1,1', '2,2,1', '2,2,2'].filter((each) => seen.has(each)));
    expect(lives()).toEqual([2, 2, 2]);
    expect(tormented.count('rolling-restart')).toBe(1);
  });

  test('crash-during-start ends a second life while it recovers', async () => {
    const action = tormented.action('crash-during-start', { ...on('n1'), amount: 4 });
    tormented.inject(action);
    await tormented.until(() => tormented.node('n1').state === 'down');
    expect(lives()).toEqual([2, 1, 1]);
    expect(tormented.count('crash-during-start')).toBe(1);
    tormented.heal(action);
  });

  test('crash-at-disk-call ends a life in the middle of a write', async () => {
    const action = tormented.action('crash-at-disk-call', { ...on('n1'), amount: 3 });
    tormented.inject(action);
    expect(tormented.count('crash-at-disk-call')).toBe(0);
    await tormented.until(() => tormented.node('n1').state === 'down');
    expect(tormented.count('crash-at-disk-call')).toBe(1);
    tormented.heal(action);
  });
});

describe('pauses', () => {
  test('pause: the process stands still and its clock goes on', async () => {
    const action = tormented.action('pause', on('n2'));
    const before = tormented.node('n2').runtime?.now() ?? 0;
    tormented.inject(action);
    const frozen = tormented.node('n2').running?.groupStatus(1).lastIndex;
    await tormented.run(4_000);
    expect(tormented.node('n2').isPaused).toBe(true);
    expect(tormented.node('n2').running?.groupStatus(1).lastIndex).toBe(frozen);
    expect((tormented.node('n2').runtime?.now() ?? 0) - before).toBe(4_000);
    expect(tormented.count('pause')).toBe(1);
    tormented.heal(action);
    expect(tormented.node('n2').isPaused).toBe(false);
  });

  test('suspend: so does its clock', async () => {
    const action = tormented.action('suspend', on('n2'));
    const before = tormented.node('n2').runtime?.now() ?? 0;
    tormented.inject(action);
    await tormented.run(4_000);
    tormented.heal(action);
    expect((tormented.node('n2').runtime?.now() ?? 0) - before).toBe(0);
    expect(tormented.count('suspend')).toBe(1);
    expect(tormented.node('n2').isPaused).toBe(false);
  });
});

test('wipe: the node that was there is gone for good, and another one takes its place', async () => {
  const { nodeId } = tormented.node('n2');
  tormented.inject(tormented.action('wipe', on('n2')));
  expect(tormented.count('wipe')).toBe(1);
  await tormented.until(() => tormented.cluster.operator.lost.size === 0 && tormented.isWhole());
  expect(tormented.node('n2').nodeId).not.toBe(nodeId);
  const members = tormented.cluster.leader(1)?.running?.groupStatus(1).members ?? [];
  expect(members).toContain(tormented.node('n2').nodeId);
  expect(members).not.toContain(nodeId);
});
