import { utf8Encode } from '@flotilla/bytes';
import { expect, test } from 'vitest';
import { RaftWorld } from './world/raft-world.js';

test('what waits in a group is counted, and nothing is once all have an outcome', async () => {
  const world = await RaftWorld.of(3, [1]);
  const leader = await world.elect(1, 1);
  const before = leader.groups.loads()[0]?.logEntries ?? 0;
  for (const id of [2, 3]) world.node(id).log.stalled = true;
  const writes = ['one', 'two'].map((text) => leader.groups.proposeToGroup(1, utf8Encode(text)));
  const read = leader.groups.readIndex(1);
  expect(leader.groups.loads()).toMatchObject([{ group: 1, proposals: 2, reads: 1, confChanges: 0 }]);
  await world.virtual.advance(10);
  expect(leader.groups.loads()).toMatchObject([{ proposals: 2, logEntries: before + 2 }]);
  for (const id of [2, 3]) world.node(id).log.stalled = false;
  await world.settle(Promise.all([...writes, read]));
  expect(leader.groups.loads()).toMatchObject([{ proposals: 0, reads: 0, confChanges: 0, logEntries: before + 2 }]);
});
