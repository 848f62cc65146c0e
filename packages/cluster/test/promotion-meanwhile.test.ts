import { utf8Encode } from '@flotilla/bytes';
import { type ConfChange, ConfChangeType } from '@flotilla/raft-core';
import { expect, test } from 'vitest';
import { RaftWorld } from './world/raft-world.js';

const change = (type: ConfChangeType, nodeId: number): ConfChange => ({
  kind: 'v1',
  type,
  nodeId,
  context: new Uint8Array(0),
});

test('a promotion that is refused, such as during a transfer of leadership, is proposed again a tick later, not in the same instant', async () => {
  let refused = 0;
  let wanted = false;
  const world = await RaftWorld.of(3, [1], {
    promotion: {
      promote: (_group, learner) => (wanted ? change(ConfChangeType.AddNode, learner) : undefined),
      proposed: (_group, _learner, _index, error) => {
        if (error !== undefined) refused++;
      },
    },
  });
  const leader = await world.elect(1, 1);
  await world.node(4).start([{ group: 1, incarnation: 0, founders: undefined }]);
  await world.settle(leader.groups.proposeConfChange(1, change(ConfChangeType.AddLearnerNode, 4)));
  await world.virtual.advance(500);
  // The target of the transfer can acknowledge nothing, so that the transfer stays under way until it times out.
  world.node(2).log.stalled = true;
  await world.settle(leader.groups.proposeToGroup(1, utf8Encode('x')));
  const transfer = leader.groups.transferLeadership(1, 2).catch((error: unknown) => error);
  await world.virtual.advance(60);
  wanted = true;
  leader.worker.reconsiderPromotions();
  await world.virtual.advance(200);
  expect(refused).toBeLessThanOrEqual(4);
  expect(await world.settle(transfer)).toMatchObject({ code: 'Timeout' });
  await world.until(() => leader.groups.status(1).members.includes(4));
});
