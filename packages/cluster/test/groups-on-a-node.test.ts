import { utf8Decode, utf8Encode } from '@flotilla/bytes';
import { isFlotillaError } from '@flotilla/errors';
import { ConfChangeType, createMessage, MessageType } from '@flotilla/raft-core';
import { decodeRaftBatch } from '@flotilla/wire';
import { describe, expect, test } from 'vitest';
import { RaftWorld } from './world/raft-world.js';

const NO_BYTES = new Uint8Array(0);

function addLearner(nodeId: number) {
  return { kind: 'v1', type: ConfChangeType.AddLearnerNode, nodeId, context: NO_BYTES } as const;
}

describe('rules that the seed system stated by its tests', () => {
  test('one node with four groups leads all four after one forced tick', async () => {
    const world = await RaftWorld.of(1, [0, 1, 2, 3]);
    const { groups } = world.node(1);
    groups.campaignAll();
    await world.until(() => groups.statuses().every(({ role }) => role === 'leader'));
    expect(groups.groupCount).toBe(4);
    expect(groups.statuses().map(({ group }) => group)).toEqual([0, 1, 2, 3]);
    expect(world.virtual.now()).toBeLessThan(50);
  });

  test('proposals to vShards of different groups get indexes of their own groups', async () => {
    const world = await RaftWorld.of(1, [1, 2], { groupForVshard: (vshard) => (vshard < 2 ? 1 + vshard : undefined) });
    const { groups } = world.node(1);
    groups.campaignAll();
    await world.until(() => groups.statuses().every(({ role }) => role === 'leader'));
    const before = [groups.status(1).lastIndex, groups.status(2).lastIndex];
    const outcomes = await world.settle(
      Promise.all([0, 1, 0].map((vshard) => groups.proposeToVshard(vshard, utf8Encode(`v${vshard}`)))),
    );
    expect(outcomes.map(({ group, index }) => [group, index - (before[group - 1] ?? 0)])).toEqual([
      [1, 1],
      [2, 1],
      [1, 2],
    ]);
    const unmapped = await world.outcome(groups.proposeToVshard(7, utf8Encode('x')));
    expect(isFlotillaError(unmapped, 'VShardNotMapped')).toBe(true);
  });

  test('three nodes, two groups: a forced election of node 1 makes it leader of both, and leaderForVshard says so', async () => {
    const world = await RaftWorld.of(3, [1, 2], { groupForVshard: (vshard) => 1 + (vshard % 2) });
    const { groups } = world.node(1);
    groups.campaignAll();
    await world.until(() => world.alive().every((node) => node.groups.statuses().every(({ leader }) => leader === 1)));
    for (const node of world.alive()) {
      expect([0, 1].map((vshard) => node.groups.leaderForVshard(vshard))).toEqual([1, 1]);
    }
  });

  test('a redirect yields the address of the leader', async () => {
    const world = await RaftWorld.of(3, [1]);
    await world.elect(2, 1);
    const refused = await world.outcome(world.node(1).groups.proposeToGroup(1, utf8Encode('x')));
    expect(isFlotillaError(refused, 'NotLeader') && refused.details).toEqual({
      group: 1,
      leader: 2,
      address: 'mem://2',
    });
  });

  test('a new group is a follower in term 0, without a leader', async () => {
    const world = new RaftWorld();
    await world.node(1).start([{ group: 5, incarnation: 0, founders: undefined }]);
    const { role, term, leader, commitIndex } = world.node(1).groups.status(5);
    expect({ role, term, leader, commitIndex }).toEqual({
      role: 'follower',
      term: 0,
      leader: undefined,
      commitIndex: 0,
    });
  });
});

describe('groups on a running node', () => {
  test('addGroup and removeGroup are idempotent; a removed group closes its watchers with gone', async () => {
    const world = await RaftWorld.of(1, [1]);
    const { groups } = world.node(1);
    groups.addGroup(2, [1]);
    groups.addGroup(2, [1]);
    groups.campaign(2);
    await world.until(() => world.node(1).leads(2));
    await world.settle(groups.proposeToGroup(2, utf8Encode('kept')));
    const watcher = groups.waitApplied(2, 1_000);
    const removals = [groups.removeGroup(2), groups.removeGroup(2)];
    expect(await world.settle(watcher)).toBe('gone');
    await world.settle(Promise.all(removals));
    expect(groups.hasGroup(2)).toBe(false);
    expect(await world.outcome(groups.proposeToGroup(2, utf8Encode('x')))).toMatchObject({ code: 'GroupNotFound' });
    expect(await world.outcome(groups.waitApplied(2, 1))).toMatchObject({ code: 'GroupNotFound' });
    await world.node(1).crash();
    await world.node(1).start([{ group: 1, incarnation: 0, founders: [1] }]);
    expect(world.node(1).groups.groupIds()).toEqual([1]);
  });

  test('a group that was removed and added again starts afresh', async () => {
    const world = await RaftWorld.of(1, [1]);
    const { groups } = world.node(1);
    groups.campaign(1);
    await world.until(() => world.node(1).leads(1));
    await world.settle(groups.proposeToGroup(1, utf8Encode('old')));
    const removal = groups.removeGroup(1);
    expect(() => groups.addGroup(1, [1])).toThrowError(/NotReady/);
    await world.settle(removal);
    groups.addGroup(1, [1], { incarnation: 9 });
    groups.campaign(1);
    await world.until(() => world.node(1).leads(1));
    await world.settle(groups.proposeToGroup(1, utf8Encode('new')));
    expect(world.node(1).machine(1).texts).toEqual(['new']);
    await world.node(1).crash();
    await world.node(1).start([{ group: 1, incarnation: 9, founders: [1] }]);
    world.node(1).groups.campaign(1);
    await world.until(() => world.node(1).machine(1).applied.length === 1);
    expect(world.node(1).machine(1).texts).toEqual(['new']);
  });

  test('ids that are none are refused, and nothing is added', async () => {
    const world = await RaftWorld.of(1, []);
    const { groups } = world.node(1);
    expect(() => groups.addGroup(-1, [1])).toThrowError(/InvalidArgument/);
    expect(() => groups.addGroup(1, [])).toThrowError(/InvalidArgument/);
    expect(() => groups.addGroup(1, [2])).toThrowError(/InvalidArgument/);
    expect(() => groups.addGroup(1, [1, 0.5])).toThrowError(/InvalidArgument/);
    expect(() => groups.status(1)).toThrowError(/GroupNotFound/);
    expect(groups.groupCount).toBe(0);
  });

  test('a learner opened on a running node learns log and configuration from the leader', async () => {
    const world = await RaftWorld.of(3, [1]);
    const leader = await world.elect(1, 1);
    for (const text of ['a', 'b']) await world.settle(leader.groups.proposeToGroup(1, utf8Encode(text)));
    await world.node(4).start([]);
    world.node(4).groups.addGroupAsLearner(1, [1, 2, 3], [4]);
    expect(world.node(4).groups.status(1)).toMatchObject({ role: 'learner', members: [1, 2, 3], learners: [4] });
    const { confState } = await world.settle(leader.groups.proposeConfChange(1, addLearner(4)));
    expect(confState).toMatchObject({ voters: [1, 2, 3], learners: [4] });
    await world.until(() => world.node(4).machines.get(1)?.applied.length === 2);
    await world.until(() => leader.groups.matchIndex(1, 4) === leader.groups.status(1).lastIndex);
    expect(world.node(4).groups.status(1)).toMatchObject({
      role: 'learner',
      members: [1, 2, 3],
      learners: [4],
      leader: 1,
    });
    expect(leader.groups.matchIndex(1, 7)).toBeUndefined();
    expect(world.node(2).groups.matchIndex(1, 4)).toBeUndefined();
  });

  test('frames of an unknown group or another incarnation are refused and counted', async () => {
    const world = new RaftWorld();
    await world.node(1).start([
      { group: 1, incarnation: 3, founders: [1, 2] },
      { group: 2, incarnation: 0, founders: [1, 2] },
    ]);
    await world.node(2).start([{ group: 1, incarnation: 4, founders: [1, 2] }]);
    world.node(1).groups.campaignAll();
    await world.virtual.advance(100);
    const { errors } = world.node(2).worker.metrics;
    expect(errors.stale_incarnation).toBeGreaterThan(0);
    expect(errors.unknown_group).toBeGreaterThan(0);
    expect(world.node(1).groups.status(1).role).not.toBe('leader');
  });
});

describe('a replica whose log is not the one that it had', () => {
  test('stops, for it may have forgotten what it promised: the leader has seen it acknowledge more', async () => {
    const world = await RaftWorld.of(3, [1]);
    const leader = await world.elect(1, 1);
    for (const text of ['a', 'b', 'c']) await world.settle(leader.groups.proposeToGroup(1, utf8Encode(text)));
    await world.until(() => leader.groups.matchIndex(1, 3) === leader.groups.status(1).commitIndex);
    world.network.cut(1, 3);
    await world.node(3).crash();
    world.network.heal();
    world.nodes.delete(3);
    await world.node(3).start([{ group: 1, incarnation: 0, founders: [1, 2, 3] }]);
    await world.until(() => world.node(3).groups.status(1).stopped !== undefined, 5_000);
    expect(world.node(3).groups.status(1).stopped).toMatch(
      /its log ends at \d+, and node 1, which leads, has seen it acknowledge 7/,
    );
    expect(world.node(3).failures).toEqual([]);
    await world.settle(leader.groups.proposeToGroup(1, utf8Encode('d')));
  });

  test('a heartbeat that was meant for a former replica of the node does no harm', async () => {
    const world = await RaftWorld.of(3, [1]);
    await world.elect(1, 1);
    const group = world.node(3).groups.set.get(1)!;
    const late = createMessage({
      type: MessageType.Heartbeat,
      to: 3,
      from: 1,
      term: group.raw.term,
      commit: group.raw.lastIndex + 100,
    });
    for (let at = 0; at < 30; at++) {
      expect(group.step(late)).toBe('commit-beyond-log');
      await world.virtual.advance(60);
    }
    expect(world.node(3).groups.status(1).stopped).toBeUndefined();
    expect(world.node(1).leads(1)).toBe(true);
  });
});

describe('proposals', () => {
  test('100 proposals of one turn leave as one message for each peer and group', async () => {
    const world = await RaftWorld.of(3, [1, 2]);
    const leader = await world.elect(1, 1);
    await world.elect(1, 2);
    await world.virtual.advance(200);
    world.network.record = true;
    const outcomes = Array.from({ length: 200 }, (_, at) =>
      leader.groups.proposeToGroup(1 + (at % 2), utf8Encode(`p${at}`)),
    );
    await world.virtual.advance(0);
    const entries = new Map<string, number[]>();
    for (const { from, to, frame } of world.network.sent.filter(({ from }) => from === 1)) {
      const batch = decodeRaftBatch(frame);
      for (const [at, message] of batch.messages.entries()) {
        if (message.entries.length === 0) continue;
        const key = `${from}-${to} group ${batch.groups[at]}`;
        entries.set(key, [...(entries.get(key) ?? []), message.entries.length]);
      }
    }
    expect(Object.fromEntries(entries)).toEqual({
      '1-2 group 1': [100],
      '1-2 group 2': [100],
      '1-3 group 1': [100],
      '1-3 group 2': [100],
    });
    expect(world.network.sent.filter(({ from }) => from === 1)).toHaveLength(2);
    await world.settle(Promise.all(outcomes));
    expect(leader.machine(1).batches.at(-1)).toBe(100);
  });

  test('two proposals of a lone voter are applied once each', async () => {
    const world = await RaftWorld.of(1, [1]);
    const { groups } = world.node(1);
    groups.campaign(1);
    await world.until(() => world.node(1).leads(1));
    await world.settle(Promise.all(['a', 'b'].map((text) => groups.proposeToGroup(1, utf8Encode(text)))));
    await world.virtual.advance(500);
    expect(world.node(1).machine(1).texts).toEqual(['a', 'b']);
  });

  test('leadership lost before an outcome is an unknown outcome', async () => {
    const world = await RaftWorld.of(3, [1]);
    const leader = await world.elect(1, 1);
    world.network.isolate(1);
    const pending = world.outcome(leader.groups.proposeToGroup(1, utf8Encode('lost')));
    const outcome = await pending;
    expect(outcome).toMatchObject({ code: 'ProposalOutcomeUnknown', outcome: 'unknown' });
    const next = await world.awaitLeader(1);
    expect(next.id).not.toBe(1);
    await world.settle(next.groups.proposeToGroup(1, utf8Encode('kept')));
    world.network.heal();
    await world.until(() => world.alive().every((node) => node.machine(1).applied.length === 1));
    for (const node of world.alive()) expect(node.machine(1).texts).toEqual(['kept']);
  });

  test('bounds are kept: too long, empty, too many', async () => {
    const world = await RaftWorld.of(1, [1], { limits: { proposalBytesMax: 10, proposalsPendingMax: 3 } });
    const { groups } = world.node(1);
    groups.campaign(1);
    await world.until(() => world.node(1).leads(1));
    expect(await world.outcome(groups.proposeToGroup(1, new Uint8Array(11)))).toMatchObject({ code: 'LimitExceeded' });
    expect(await world.outcome(groups.proposeToGroup(1, NO_BYTES))).toMatchObject({ code: 'InvalidArgument' });
    const outcomes = await world.settle(
      Promise.allSettled(Array.from({ length: 5 }, () => groups.proposeToGroup(1, utf8Encode('x')))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    const last = outcomes[4];
    expect(last?.status === 'rejected' && last.reason).toMatchObject({ code: 'Overloaded', outcome: 'definite' });
    expect(world.node(1).machine(1).applied).toHaveLength(3);
  });

  test('giving up waiting takes nothing back', async () => {
    const world = await RaftWorld.of(1, [1]);
    const { groups } = world.node(1);
    groups.campaign(1);
    await world.until(() => world.node(1).leads(1));
    const abort = new AbortController();
    const outcome = world.outcome(groups.proposeToGroup(1, utf8Encode('x'), { signal: abort.signal }));
    abort.abort();
    expect(await outcome).toMatchObject({ code: 'Aborted', outcome: 'unknown' });
    await world.until(() => world.node(1).machine(1).applied.length === 1);
  });
});

describe('membership changes', () => {
  test('a change while another one is in flight resolves as ConfChangeInProgress, definite', async () => {
    const world = await RaftWorld.of(3, [1]);
    const leader = await world.elect(1, 1);
    const first = leader.groups.proposeConfChange(1, addLearner(4));
    const second = leader.groups.proposeConfChange(1, addLearner(5));
    expect(await world.outcome(second)).toMatchObject({ code: 'ConfChangeInProgress', outcome: 'definite' });
    expect(await world.settle(first)).toMatchObject({ group: 1, confState: { learners: [4] } });
    await world.settle(leader.groups.proposeConfChange(1, addLearner(5)));
    expect(leader.groups.status(1).learners).toEqual([4, 5]);
  });

  test('a change that the configuration does not allow is refused, and the group lives', async () => {
    const world = await RaftWorld.of(1, [1]);
    const { groups } = world.node(1);
    groups.campaign(1);
    await world.until(() => world.node(1).leads(1));
    const remove = { kind: 'v1', type: ConfChangeType.RemoveNode, nodeId: 1, context: NO_BYTES } as const;
    expect(await world.outcome(groups.proposeConfChange(1, remove))).toMatchObject({ code: 'ConfChangeInvalid' });
    await world.settle(groups.proposeToGroup(1, utf8Encode('lives')));
  });

  test('conf changes and empty entries never reach the state machine, and the watermark passes them', async () => {
    const world = await RaftWorld.of(1, [1]);
    const { groups } = world.node(1);
    groups.campaign(1);
    await world.until(() => world.node(1).leads(1));
    const { index } = await world.settle(groups.proposeConfChange(1, addLearner(2)));
    expect(await world.settle(groups.waitApplied(1, index))).toBe('reached');
    expect(world.node(1).machine(1).applied).toEqual([]);
    expect(groups.status(1).appliedIndex).toBe(groups.status(1).commitIndex);
  });

  test('leadership moves on request, and only to voters', async () => {
    const world = await RaftWorld.of(3, [1]);
    const leader = await world.elect(1, 1);
    await world.settle(leader.groups.transferLeadership(1, 3));
    await world.until(() => world.node(3).leads(1));
    expect(await world.outcome(leader.groups.transferLeadership(1, 2))).toMatchObject({ code: 'NotLeader' });
    expect(await world.outcome(world.node(3).groups.transferLeadership(1, 9))).toMatchObject({
      code: 'InvalidArgument',
    });
    await world.node(2).crash();
    expect(await world.outcome(world.node(3).groups.transferLeadership(1, 2))).toMatchObject({ code: 'Timeout' });
    expect(world.node(3).leads(1)).toBe(true);
  });
});

describe('reads', () => {
  test('all reads of a turn share one ReadIndex', async () => {
    const world = await RaftWorld.of(3, [1]);
    const leader = await world.elect(1, 1);
    await world.virtual.advance(100);
    const { messagesSent } = leader.worker.metrics;
    const indexes = await world.settle(Promise.all(Array.from({ length: 50 }, () => leader.groups.readIndex(1))));
    expect(new Set(indexes).size).toBe(1);
    expect(leader.worker.metrics.messagesSent - messagesSent).toBeLessThan(8);
  });

  test('a linearizable read on a follower sees what was acknowledged before it', async () => {
    const world = await RaftWorld.of(3, [1]);
    const leader = await world.elect(1, 1);
    await world.settle(leader.groups.proposeToGroup(1, utf8Encode('a')));
    const follower = world.node(2);
    const index = await world.settle(follower.groups.readIndex(1));
    expect(follower.groups.status(1).appliedIndex).toBeGreaterThanOrEqual(index);
    expect(follower.machine(1).texts).toEqual(['a']);
  });

  test('a leader that was cut off confirms no read, and says so when it learns of its end', async () => {
    const world = await RaftWorld.of(3, [1]);
    const old = await world.elect(1, 1);
    world.network.isolate(1);
    const read = world.outcome(old.groups.readIndex(1));
    expect(await read).toMatchObject({ code: 'NotLeader' });
    const next = await world.awaitLeader(1);
    expect(next.id).not.toBe(1);
    await world.settle(next.groups.readIndex(1));
  });

  test('a read that a lost message swallowed is asked again', async () => {
    const world = await RaftWorld.of(3, [1]);
    await world.elect(1, 1);
    let losses = 0;
    const { faults } = world.network;
    faults.lost = () => losses++ < 1;
    const index = await world.settle(world.node(3).groups.readIndex(1));
    expect(losses).toBeGreaterThan(1);
    expect(index).toBeGreaterThan(0);
  });

  test('without a known leader a read is refused at once', async () => {
    const world = await RaftWorld.of(3, [1]);
    expect(await world.outcome(world.node(2).groups.readIndex(1))).toMatchObject({
      code: 'NotLeader',
      details: { group: 1 },
    });
  });
});

describe('applying', () => {
  test('a throw of the state machine stops that group, keeps its applied index, and is reported', async () => {
    const stopped: [number, number, string][] = [];
    const world = await RaftWorld.of(3, [1, 2], {
      observer: (node) => ({ groupStopped: (group, error) => stopped.push([node, group, error.message]) }),
    });
    const leader = await world.elect(1, 1);
    await world.elect(1, 2);
    await world.settle(leader.groups.proposeToGroup(1, utf8Encode('fine')));
    leader.machine(1).poison = 'bad';
    const { appliedIndex } = leader.groups.status(1);
    expect(await world.outcome(leader.groups.proposeToGroup(1, utf8Encode('bad')))).toMatchObject({
      code: 'ProposalOutcomeUnknown',
    });
    expect(stopped).toEqual([[1, 1, 'poisoned by bad']]);
    expect(leader.groups.status(1)).toMatchObject({ appliedIndex, stopped: 'poisoned by bad' });
    expect(await world.outcome(leader.groups.proposeToGroup(1, utf8Encode('more')))).toMatchObject({
      code: 'GroupStopped',
      outcome: 'definite',
    });
    await world.settle(leader.groups.proposeToGroup(2, utf8Encode('other group lives')));
    await world.until(() => world.node(2).leads(1) || world.node(3).leads(1));
    await world.until(() => world.node(2).machine(1).texts.includes('bad'));
    expect(leader.worker.metrics.errors.group_stopped).toBe(1);
  });

  test('delivery is bounded by entries a turn, and a busy group 0 does not hold up data groups for more than a turn', async () => {
    const world = await RaftWorld.of(1, [0, 1], { limits: { applyEntriesMax: 10 } });
    const node = world.node(1);
    node.groups.campaignAll();
    await world.until(() => node.leads(0) && node.leads(1));
    const order: string[] = [];
    node.machine(0).onApply = () => order.push('0');
    node.machine(1).onApply = () => order.push('1');
    const proposals = Array.from({ length: 100 }, (_, at) => node.groups.proposeToGroup(0, utf8Encode(`m${at}`)));
    proposals.push(node.groups.proposeToGroup(1, utf8Encode('d')));
    await world.settle(Promise.all(proposals));
    expect(Math.max(...node.machine(0).batches)).toBeLessThanOrEqual(10);
    expect(order.indexOf('1')).toBe(1);
    expect(order.filter((group) => group === '0')).toHaveLength(10);
  });

  test('waitApplied: reached, aborted, and monotonic', async () => {
    const world = await RaftWorld.of(3, [1]);
    const leader = await world.elect(1, 1);
    const { lastIndex } = leader.groups.status(1);
    const reached = world.node(2).groups.waitApplied(1, lastIndex + 1);
    const abort = new AbortController();
    const aborted = world.node(2).groups.waitApplied(1, lastIndex + 99, { signal: abort.signal });
    const { index, result } = await world.settle(leader.groups.proposeToGroup(1, utf8Encode('a')));
    expect(index).toBe(lastIndex + 1);
    expect(utf8Decode(result)).toBe('a#0');
    expect(await world.settle(reached)).toBe('reached');
    abort.abort();
    expect(await world.outcome(aborted)).toMatchObject({ code: 'Aborted' });
  });
});
