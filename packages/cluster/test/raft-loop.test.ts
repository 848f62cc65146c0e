import { utf8Decode, utf8Encode } from '@flotilla/bytes';
import { describe, expect, test } from 'vitest';
import { RaftWorld } from './world/raft-world.js';

describe('three nodes', () => {
  test('elect, replicate, apply everywhere in the same order', async () => {
    const world = await RaftWorld.of(3, [1]);
    const leader = await world.awaitLeader(1);
    const outcomes = await world.settle(
      Promise.all(['a', 'b', 'c'].map((text) => leader.groups.proposeToGroup(1, utf8Encode(text)))),
    );
    expect(outcomes.map(({ result }) => utf8Decode(result))).toEqual(['a#0', 'b#1', 'c#2']);
    await world.until(() => world.alive().every((node) => node.machine(1).applied.length === 3));
    for (const node of world.alive()) expect(node.machine(1).texts).toEqual(['a', 'b', 'c']);
  });
});
