import { beforeEach, describe, expect, test } from 'vitest';
import { TormentedCluster } from '../testdata/tormented-cluster.js';

let tormented: TormentedCluster;

beforeEach(async () => {
  tormented = await TormentedCluster.started(3, { compaction: { entries: 20 } });
}, 60_000);

const activeIds = (): number[] => {
  const nodes = tormented.cluster.readyNode()?.topology().nodes.values() ?? [];
  return [...nodes].filter(({ state }) => state === 'active').map(({ id }) => id);
};

describe('changes of members', () => {
  test('join: a new machine becomes a member; there is a bound', async () => {
    for (let joined = 1; joined <= 4; joined++) {
      tormented.inject(tormented.action('join'));
      await tormented.until(() => tormented.count('join') === Math.min(joined, 2));
    }
    expect(tormented.cluster.names).toEqual(['n1', 'n2', 'n3', 'n4', 'n5']);
    await tormented.until(() => activeIds().join() === '1,2,3,4,5');
    await tormented.serves();
  });

  test.each(['remove', 'remove-leader'])('%s: a member is taken out, and its machine joins anew', async (kind) => {
    const struck = kind === 'remove' ? 'n2' : (tormented.cluster.leaderOf(1) ?? '');
    const { nodeId } = tormented.node(struck);
    const target =
      kind === 'remove' ? ({ kind: 'node', node: 'n2' } as const) : ({ kind: 'leader', group: 1 } as const);
    tormented.inject(tormented.action(kind, { target }));
    await tormented.until(() => tormented.count(kind) === 1);
    await tormented.until(() => !activeIds().includes(nodeId ?? 0));
    await tormented.until(() => {
      const id = tormented.node(struck).nodeId;
      return id !== undefined && id !== nodeId && activeIds().includes(id);
    });
    await tormented.serves();
    expect(tormented.crashes).toEqual([]);
  });

  test('replace: a new machine takes the place of a member in every group', async () => {
    tormented.inject(tormented.action('replace', { target: { kind: 'node', node: 'n3' } }));
    await tormented.until(() => tormented.count('replace') === 1);
    await tormented.until(() => !activeIds().includes(3));
    const fresh = tormented.node('n4').nodeId;
    expect(tormented.cluster.leader(1)?.running?.groupStatus(1).members).toContain(fresh);
    await tormented.serves();
  });

  test('transfer: another node leads', async () => {
    const before = tormented.cluster.leaderOf(1);
    tormented.inject(tormented.action('transfer', { target: { kind: 'leader', group: 1 } }));
    await tormented.until(() => tormented.count('transfer') === 1);
    expect(tormented.cluster.leaderOf(1)).not.toBe(before);
  });
});

describe('snapshots', () => {
  test('held-back-follower: cut off until the leader has compacted beyond it, then brought up by a snapshot', async () => {
    const machine = tormented.cluster.leaderOf(1) === 'n3' ? 'n2' : 'n3';
    const node = tormented.node(machine);
    const action = tormented.action('held-back-follower', { target: { kind: 'node', node: machine } });
    tormented.inject(action);
    const last = node.running?.groupStatus(1).lastIndex ?? 0;
    await tormented.until(() => tormented.count('held-back-follower') === 1);
    const isBehind = tormented.cluster.groups.map((group) => {
      const first = tormented.cluster.leader(group)?.running?.groupStatus(group).firstIndex ?? 0;
      return first > (node.running?.groupStatus(group).lastIndex ?? 0) + 1;
    });
    expect(isBehind).toContain(true);
    // It is let go although nobody undid the action.
    await tormented.until(() => (node.running?.snapshotMetadata(1)?.index ?? 0) > last);
    tormented.heal(action);
    await tormented.until(() => tormented.isWhole());
  });

  test('held-back-follower that is undone early is let go', async () => {
    const action = tormented.action('held-back-follower', { target: { kind: 'node', node: 'n2' } });
    tormented.inject(action);
    await tormented.run(200);
    tormented.heal(action);
    await tormented.until(() => tormented.isWhole());
    await tormented.run(20_000);
    expect(tormented.count('held-back-follower')).toBe(0);
  });

  test('snapshot-now: a node takes two snapshots close together', async () => {
    const { running } = tormented.node('n2');
    const before = running?.snapshotMetadata(1)?.index ?? 0;
    tormented.inject(tormented.action('snapshot-now', { target: { kind: 'node', node: 'n2' }, amount: 1 }));
    await tormented.run(300);
    expect(running?.snapshotMetadata(1)?.index).toBeGreaterThan(before);
    expect(tormented.count('snapshot-now')).toBe(1);
  });
});

describe('strangers', () => {
  test.each(['garbage-frames', 'connection-flood'])('%s: the node serves on', async (kind) => {
    const action = tormented.action(kind, { target: { kind: 'node', node: 'n1' }, amount: 20 });
    tormented.inject(action);
    await tormented.run(500);
    expect(tormented.count(kind)).toBe(1);
    await tormented.serves();
    tormented.heal(action);
    await tormented.run(8_000);
    expect(tormented.isWhole()).toBe(true);
    expect(tormented.crashes).toEqual([]);
  });

  test.each([0, 1])('foreign-peer is refused, from another cluster and under a member’s name (%i)', async (amount) => {
    tormented.inject(tormented.action('foreign-peer', { target: { kind: 'node', node: 'n1' }, amount }));
    await tormented.run(2_000);
    expect(tormented.count('foreign-peer')).toBe(1);
    expect(tormented.crashes).toEqual([]);
    expect(tormented.isWhole()).toBe(true);
  });
});
