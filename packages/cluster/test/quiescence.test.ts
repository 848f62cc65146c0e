import { utf8Encode } from '@flotilla/bytes';
import { ConfChangeType, createMessage, MessageType } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { RaftWorld, type RaftWorldOptions } from './world/raft-world.js';

async function idle(groups: readonly number[], options: RaftWorldOptions = {}): Promise<RaftWorld> {
  const world = await RaftWorld.of(3, groups, { quiescence: true, ...options });
  world.node(1).groups.campaignAll();
  await world.until(() => groups.every((group) => world.node(1).leads(group)));
  await world.until(() => allQuiescent(world));
  return world;
}

/** The three idle, and node 4 as their learner, too. */
async function withLearner(): Promise<RaftWorld> {
  const world = await idle([1]);
  await world.node(4).start([{ group: 1, incarnation: 0, founders: undefined }]);
  const change = { kind: 'v1', type: ConfChangeType.AddLearnerNode, nodeId: 4, context: new Uint8Array(0) } as const;
  await world.settle(world.node(1).groups.proposeConfChange(1, change));
  await world.until(() => world.node(4).machine(1) !== undefined && allQuiescent(world));
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
    const world = await withLearner();
    await world.settle(world.node(1).groups.proposeToGroup(1, utf8Encode('a')));
    await world.until(() => world.node(4).machine(1).texts.includes('a'));
  });

  test('a learner that comes back while its leader asks the others to stop gets what it lacks', async () => {
    const world = await withLearner();
    world.network.isolate(4);
    await world.settle(world.node(1).groups.proposeToGroup(1, utf8Encode('while it was away')));
    await world.until(() => world.node(2).groups.status(1).quiescent && !world.node(1).groups.status(1).quiescent);
    world.network.heal();
    world.node(1).groups.hostAlive(4);
    await world.until(() => world.node(4).machine(1).texts.includes('while it was away'), 5_000);
    await world.until(() => allQuiescent(world));
  });

  test('a voter that agrees to stop, and dies before the others have agreed, keeps its leader awake', async () => {
    const world = await idle([1]);
    world.network.faults.delay = () => 5;
    const leader = world.node(1).groups.set.get(1)!;
    leader.startClock();
    const followersStand = (): boolean => [2, 3].every((id) => world.node(id).groups.status(1).quiescent);
    await world.until(() => !followersStand());
    await world.until(() => followersStand() && !leader.raw.quiesced);
    const { term, commit } = leader.raw;
    leader.step(createMessage({ type: MessageType.HeartbeatResp, to: 1, from: 3, term, commit, reject: true }));
    await world.node(3).crash();
    await world.virtual.advance(2_000);
    expect(world.node(1).groups.status(1)).toMatchObject({ role: 'leader', quiescent: false });
  });

  test('without liveness of hosts no clock stops', async () => {
    const world = await RaftWorld.of(3, [1]);
    await world.awaitLeader(1);
    await world.virtual.advance(60_000);
    expect(world.alive().some((node) => node.groups.status(1).quiescent)).toBe(false);
  });

  test('a leader that stops by its own fault wakes its followers, which elect another', async () => {
    const world = await idle([1]);
    await world.virtual.advance(60_000);
    world.node(1).groups.set.get(1)!.fail(new Error('broken'));
    await world.until(() => [2, 3].some((id) => world.node(id).leads(1)), 5_000);
  });

  test('a replica that leaves its node while it leads wakes its followers, which elect another', async () => {
    const world = await idle([1]);
    await world.virtual.advance(60_000);
    await world.settle(world.node(1).groups.removeGroup(1));
    await world.until(() => [2, 3].some((id) => world.node(id).leads(1)), 5_000);
  });

  test('a host that dies right after its question was answered is noticed, though the turn has not come to an end', async () => {
    const world = await RaftWorld.of(3, [1], { quiescence: true });
    await world.elect(1, 1);
    const group = world.node(2).groups.set.get(1)!;
    await world.until(() => group.raw.quiesced);
    await world.until(() => world.node(1).groups.status(1).quiescent);
    group.startClock();
    const { term, commit } = group.raw;
    group.step(createMessage({ type: MessageType.Heartbeat, to: 2, from: 1, term, commit, reject: true }));
    expect(group.raw.quiesced).toBe(true);
    group.hostDead(1);
    expect([group.raw.quiesced, group.raw.leader]).toEqual([false, 0]);
  });

  test('a candidate that wakes a follower does not depose the leader that sleeps on: it is woken too', async () => {
    for (const preVote of [true, false]) {
      const world = await idle([1], { rules: { preVote } });
      await world.virtual.advance(60_000);
      const { term } = world.node(1).groups.status(1);
      const type = preVote ? MessageType.PreVote : MessageType.Vote;
      const request = createMessage({ type, to: 2, from: 3, term: term + 1, index: 1, logTerm: 1 });
      world.node(2).groups.set.get(1)!.step(request);
      world.node(2).groups.set.get(1)!.wake();
      await world.virtual.advance(60);
      expect(world.alive().map((node) => node.groups.status(1).quiescent)).toEqual([false, false, false]);
      await world.until(() => allQuiescent(world));
      expect(world.node(1).groups.status(1)).toMatchObject({ role: 'leader', term });
    }
  });

  test('a broken connection wakes only the groups that both hosts have a part in', async () => {
    const world = new RaftWorld({ quiescence: true });
    for (const id of [1, 2, 3, 4]) {
      const groups = [1, ...(id < 4 ? [2] : []), ...(id > 1 ? [3] : [])];
      const founders = (group: number): number[] => (group === 1 ? [1, 2, 3, 4] : group === 2 ? [1, 2, 3] : [2, 3, 4]);
      await world.node(id).start(groups.map((group) => ({ group, incarnation: 0, founders: founders(group) })));
    }
    await world.elect(1, 1);
    await world.elect(1, 2);
    await world.elect(2, 3);
    await world.until(() => allQuiescent(world));
    world.network.cut(1, 4);
    await world.virtual.advance(10);
    expect([1, 2].map((group) => world.node(1).groups.status(group).quiescent)).toEqual([false, true]);
    expect(world.node(2).groups.status(3).quiescent).toBe(true);
  });
});

describe('a leader whose host is dead is not waited for', () => {
  test('of the election timeout only the random part passes, whether the clocks stood or not', async () => {
    for (const isIdle of [true, false]) {
      for (let seed = 1; seed <= 5; seed++) {
        const world = await idle([1], { seed });
        if (!isIdle) await world.settle(world.node(1).groups.proposeToGroup(1, utf8Encode('a')));
        await world.virtual.advance(20);
        await world.node(1).crash();
        // An election timeout is 500 to 1,000 ms; what is left of it is at most 500, and then a pre-vote and a vote.
        await world.until(() => world.leader(1) !== undefined, 600);
      }
    }
  });

  test('but where a leader that lives would be deposed by that, the whole timeout passes', async () => {
    const world = await idle([1], { rules: { preVote: false } });
    await world.node(1).crash();
    await world.virtual.advance(495);
    expect(world.node(2).groups.status(1).term).toBe(world.node(3).groups.status(1).term);
    expect(world.leader(1)).toBeUndefined();
    await world.until(() => world.leader(1) !== undefined, 5_000);
  });

  test('and if it lives after all, it leads on', async () => {
    const world = await idle([1]);
    const { term } = world.node(1).groups.status(1);
    for (let at = 0; at < 20; at++) {
      world.node(2).groups.hostDead(1);
      world.node(1).groups.set.get(1)!.startClock();
      await world.virtual.advance(5_000);
    }
    expect(world.node(1).groups.status(1)).toMatchObject({ role: 'leader', term });
    expect(allQuiescent(world)).toBe(true);
  });
});
