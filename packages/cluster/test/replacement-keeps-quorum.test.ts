import { utf8Encode } from '@flotilla/bytes';
import { type ConfChange, ConfChangeTransition, ConfChangeType, type ConfChangeV2 } from '@flotilla/raft-core';
import { expect, test } from 'vitest';
import { RaftWorld } from './world/raft-world.js';

const addLearner: ConfChange = {
  kind: 'v1',
  type: ConfChangeType.AddLearnerNode,
  nodeId: 4,
  context: new Uint8Array(0),
};
const replaceTwoByFour: ConfChangeV2 = {
  kind: 'v2',
  transition: ConfChangeTransition.JointImplicit,
  changes: [
    { type: ConfChangeType.AddNode, nodeId: 4 },
    { type: ConfChangeType.RemoveNode, nodeId: 2 },
  ],
  context: new Uint8Array(0),
};

test('a policy hears who was heard of lately, and one that says later is asked again', async () => {
  const heard: string[] = [];
  let wanted = false;
  const world = await RaftWorld.of(3, [1], {
    promotion: {
      promote: (_group, _learner, conf, isHeard) => {
        if (!wanted) return undefined;
        const voters = [...conf.voters, 4].filter((id) => id !== 2);
        const present = voters.filter(isHeard);
        heard.push(present.join());
        return present.length * 2 > voters.length ? replaceTwoByFour : 'later';
      },
    },
  });
  const leader = await world.elect(1, 1);
  await world.node(4).start([{ group: 1, incarnation: 0, founders: undefined }]);
  await world.settle(leader.groups.proposeConfChange(1, addLearner));
  await world.settle(leader.groups.proposeToGroup(1, utf8Encode('x')));
  await world.until(() => leader.groups.matchIndex(1, 4) === leader.groups.status(1).lastIndex);

  // The learner has caught up and dies, and so does one of the voters that are to stay: node 2 must not go now.
  await world.node(3).crash();
  await world.node(4).crash();
  await world.virtual.advance(2_500);
  wanted = true;
  leader.worker.reconsiderPromotions();
  await world.virtual.advance(1_000);
  expect(leader.groups.status(1)).toMatchObject({ role: 'leader', members: [1, 2, 3] });
  expect(heard.length).toBeGreaterThan(1);
  expect(heard).not.toContain('1,3');

  await world.node(3).start();
  await world.until(() => leader.groups.status(1).members.join() === '1,3,4');
  await world.settle(leader.groups.proposeToGroup(1, utf8Encode('goes on')));
});
