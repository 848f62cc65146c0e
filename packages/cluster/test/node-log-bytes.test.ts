import { utf8Encode } from '@flotilla/bytes';
import { expect, test } from 'vitest';
import { DEFAULT_SNAPSHOT_POLICY, sharedPolicy } from '../src/snapshot/snapshot-policy.js';
import { RaftWorld } from './world/raft-world.js';

const MIB = 1024 * 1024;

test('many groups share what a node may hold of logs; few keep what each may hold', () => {
  expect(sharedPolicy(DEFAULT_SNAPSHOT_POLICY, 1024 * MIB, 3)).toBe(DEFAULT_SNAPSHOT_POLICY);
  for (const groups of [10, 100, 1_000]) {
    const { bytesMax, keepBytes } = sharedPolicy(DEFAULT_SNAPSHOT_POLICY, 1024 * MIB, groups);
    expect((bytesMax + keepBytes) * groups).toBeLessThanOrEqual(512 * MIB);
    expect(keepBytes).toBeLessThan(bytesMax);
  }
});

test('the logs of all groups of a node stay within its bound, and none waits for another', async () => {
  const groups = [1, 2, 3, 4];
  const world = await RaftWorld.of(1, groups, {
    limits: { nodeLogBytesMax: MIB },
    snapshotting: { nodeBytesMax: MIB },
  });
  const node = world.node(1);
  await world.until(() => groups.every((group) => node.leads(group)));
  const command = utf8Encode('x'.repeat(10_000));
  for (let round = 0; round < 100; round++) {
    for (const group of groups) {
      await world.settle(node.groups.proposeToGroup(group, command));
      expect(node.groups.set.logBytes).toBeLessThanOrEqual(MIB);
    }
  }
  expect(groups.map((group) => node.machine(group).applied.length)).toEqual([100, 100, 100, 100]);
});

test('what would exceed the bound is refused, definitely, and taken again once a snapshot has made the logs shorter', async () => {
  const world = await RaftWorld.of(1, [1, 2], {
    limits: { nodeLogBytesMax: 100_000 },
    // No snapshot comes by itself.
    snapshotting: { policy: { entriesMax: 1e9, bytesMax: 1e9, keepEntries: 0, keepBytes: 0 }, nodeBytesMax: 1e12 },
  });
  const node = world.node(1);
  await world.until(() => node.leads(1) && node.leads(2));
  const command = utf8Encode('x'.repeat(10_000));
  let refused: unknown;
  for (let at = 0; refused === undefined; at++) {
    const outcome = await world.outcome(node.groups.proposeToGroup(1, command));
    if (outcome instanceof Error) refused = outcome;
    expect(at).toBeLessThan(20);
  }
  expect(refused).toMatchObject({ code: 'Overloaded', outcome: 'definite' });
  expect(await world.outcome(node.groups.proposeToGroup(2, command))).toMatchObject({ code: 'Overloaded' });
  await world.virtual.advance(1_000);
  await world.settle(node.groups.proposeToGroup(2, command));
  await world.settle(node.groups.removeGroup(2));
  const { bytes } = node.groups.set.get(1)!.log;
  expect(node.groups.set.logBytes).toBe(bytes);
});
