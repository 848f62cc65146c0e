import { utf8Encode } from '@flotilla/bytes';
import { type Message, MessageType } from '@flotilla/raft-core';
import { expect, test } from 'vitest';
import { RaftWorld } from './world/raft-world.js';

const RULES = { preVote: false, checkQuorum: false };

test('a candidate asks for votes only once its own is durable', async () => {
  const left: Message[] = [];
  const world = await RaftWorld.of(3, [1], {
    rules: RULES,
    timing: { electionTicks: 1000 },
    observer: () => ({ messageLeaves: (_, message) => left.push(message) }),
  });
  const candidate = world.node(1);
  await world.virtual.advance(100);
  candidate.log.stalled = true;
  candidate.groups.campaign(1);
  await world.virtual.advance(1_000);
  expect(candidate.groups.status(1)).toMatchObject({ role: 'candidate', term: 2 });
  expect(left.filter(({ type }) => type === MessageType.Vote)).toEqual([]);
  candidate.log.stalled = false;
  await world.until(() => candidate.leads(1));
  expect(left.filter(({ type }) => type === MessageType.Vote)).toHaveLength(2);
});

test('a process that was elected, died and forgot it does not lead the same term twice with different entries', async () => {
  const world = await RaftWorld.of(3, [1], { rules: RULES, timing: { electionTicks: 1000 } });
  const [first, second, third] = [world.node(1), world.node(2), world.node(3)];
  await world.virtual.advance(100);
  first.log.stalled = true;
  first.groups.campaign(1);
  await world.virtual.runUntil(() => first.leads(1), { deadlineMs: 100 }).catch(() => undefined);
  // Only the second hears what the first, if it was elected by the others, puts into its log.
  world.network.cut(1, 3);
  if (first.leads(1)) void first.groups.proposeToGroup(1, utf8Encode('one')).catch(() => undefined);
  await world.virtual.advance(20);
  await first.crash();
  await first.start();
  world.network.heal();
  world.network.cut(1, 2);
  first.groups.campaign(1);
  await world.virtual.advance(100);
  if (first.leads(1)) {
    await world.settle(first.groups.proposeToGroup(1, utf8Encode('two')));
    await world.settle(first.groups.proposeToGroup(1, utf8Encode('three')));
  }
  world.network.heal();
  await world.virtual.advance(2_000);
  const logs = [first, second, third].map((node) => node.machine(1).texts.join(' '));
  expect(new Set(logs).size).toBe(1);
});
