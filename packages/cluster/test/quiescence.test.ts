import { utf8Encode } from '@flotilla/bytes';
import { ConfChangeType } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { RaftWorld, type RaftWorldOptions } from './world/raft-world.js';

async function idle(groups: readonly number[], options: RaftWorldOptions = {}): Promise<RaftWorld> {
  const world = await RaftWorld.of(3, groups, { quiescence: true, ...options });
  world.node(1).groups.campaignAll();
  await world.until(() => groups.every((group) => world.node(1).leads(group)));
  await world.until(() => allQuiescent(world));
  return world;
}

function allQuiescent(world: RaftWorld): boolean {
  return world.alive().every((node) => node.groups.statuses().every(({ quiescent }) => quiescent));
}

function turns(world: RaftWorld): number {
  return world.alive().reduce((sum, node) => sum + node.worker.metrics.iterations, 0);
}

describe('idle groups', () => {
  test('cost nothing: no turn, no message, no timer', async () => {
    const world = await idle([1, 2, 3]);
    await world.virtual.advance(100);
    const before = turns(world);
    world.network.record = true;
    await world.virtual.advance(600_000);
    expect(turns(world)).toBe(before);
    expect(world.network.sent).toEqual([]);
    expect(world.virtual.pending).toBeLessThan(10);
    expect(world.alive().map((node) => node.groups.status(1).leader)).toEqual([1, 1, 1]);
  });

  test('a proposal starts the clocks; the leader keeps its term; then they stop again', async () => {
    const world = await idle([1]);
    const { term } = world.node(1).groups.status(1);
    await world.virtual.advance(600_000);
    await world.settle(world.node(1).groups.proposeToGroup(1, utf8Encode('a')));
    await world.until(() => world.alive().every((node) => node.machine(1).texts.includes('a')));
    await world.virtual.advance(700);
    expect(world.alive().some((node) => !node.groups.status(1).quiescent)).toBe(true);
    await world.until(() => allQuiescent(world));
    expect(world.node(1).groups.status(1)).toMatchObject({ role: 'leader', term });
  });

  test('a read on a follower starts the clocks and is linearizable', async () => {
    const world = await idle([1]);
    await world.virtual.advance(60_000);
    await world.settle(world.node(2).groups.readIndex(1));
    expect(world.node(1).leads(1)).toBe(true);
  });

  test('when the leader’s host dies, its followers elect another', async () => {
    const world = await idle([1, 2]);
    await world.virtual.advance(60_000);
    await world.node(1).crash();
    await world.until(() => [1, 2].every((group) => world.leader(group) !== undefined), 5_000);
    await world.settle(world.leader(1)!.groups.proposeToGroup(1, utf8Encode('a')));
  });

  test('while a member’s host is dead the group beats, and it stops again when the member is back', async () => {
    const world = await idle([1]);
    await world.node(3).crash();
    await world.virtual.advance(5_000);
    expect(world.node(1).groups.status(1).quiescent).toBe(false);
    await world.node(3).start();
    await world.until(() => allQuiescent(world));
    expect(world.alive()).toHaveLength(3);
  });

  test('a question or a confirmation that is lost delays it, and harms nothing', async () => {
    const world = await RaftWorld.of(3, [1], { quiescence: true });
    let n = 0;
    world.network.faults.lost = () => n++ % 3 === 0;
    await world.awaitLeader(1);
    await world.virtual.advance(60_000);
    world.network.faults.lost = () => false;
    await world.until(() => allQuiescent(world));
    await world.virtual.advance(60_000);
    expect(allQuiescent(world)).toBe(true);
  });

  test('a learner stops and starts with the others', async () => {
    const world = await idle([1]);
    await world.node(4).start([{ group: 1, incarnation: 0, founders: undefined }]);
    const change = { kind: 'v1', type: ConfChangeType.AddLearnerNode, nodeId: 4, context: new Uint8Array(0) } as const;
    await world.settle(world.node(1).groups.proposeConfChange(1, change));
    await world.until(() => world.alive().length === 4 && allQuiescent(world));
    await world.settle(world.node(1).groups.proposeToGroup(1, utf8Encode('a')));
    await world.until(() => world.node(4).machine(1).texts.includes('a'));
  });

  test('without liveness of hosts no clock stops', async () => {
    const world = await RaftWorld.of(3, [1]);
    await world.awaitLeader(1);
    await world.virtual.advance(60_000);
    expect(world.alive().some((node) => node.groups.status(1).quiescent)).toBe(false);
  });
});
