import { utf8Encode } from '@flotilla/bytes';
import { type Message, MessageType, Role, type TraceEvent, TraceKind } from '@flotilla/raft-core';
import { expect, test } from 'vitest';
import { ClusterWorld, type ClusterWorldNode } from './world/cluster-world.js';

/** What a listener makes of a replica's trace. */
interface Followed {
  term: number;
  vote: number;
  role: number;
  commit: number;
  applied: number;
  readonly terms: number[];
}

function follow(replica: Followed, event: TraceEvent): void {
  switch (event.kind) {
    case TraceKind.RoleChanged:
      replica.term = event.term;
      replica.role = event.role;
      replica.vote = event.vote;
      return;
    case TraceKind.VoteCast:
      if (event.type === MessageType.Vote) replica.vote = event.from;
      return;
    case TraceKind.EntriesAppended:
      replica.terms.length = event.firstIndex;
      for (const entry of event.entries) replica.terms[entry.index] = entry.term;
      expect(replica.terms.length - 1).toBe(event.lastIndex);
      return;
    case TraceKind.CommitAdvanced:
      replica.commit = event.commit;
      return;
    case TraceKind.AppliedAdvanced:
      replica.applied = event.applied;
      return;
    default:
  }
}

test('the trace of a node tells the whole log, term, vote, role, commit and applied index of each of its replicas', async () => {
  const replicas = new Map<string, Followed>();
  const of = (name: string, group: number): Followed => {
    const key = `${name}/${group}`;
    let replica = replicas.get(key);
    if (replica === undefined) {
      replicas.set(key, (replica = { term: 0, vote: 0, role: 0, commit: 0, applied: 0, terms: [0] }));
    }
    return replica;
  };
  const reads: number[] = [];
  const world = new ClusterWorld({
    config: { numGroups: 1 },
    observed: (name) => ({
      trace: (group, event) => {
        follow(of(name, group), event);
        if (event.kind === TraceKind.ReadConfirmed) reads.push(event.index);
      },
    }),
  });
  await world.startCluster('a', 'b', 'c');
  for (let round = 0; round < 5; round++) {
    await world.until(() => world.leader(1) !== undefined);
    const leader = world.leader(1) as ClusterWorldNode;
    await world.settle(leader.node.proposeToGroup(1, utf8Encode(`${round}`)));
  }
  const reader = world.node('c').node;
  const index = await world.settle(reader.readIndex(1));
  expect(reads).toContain(index);
  await world.virtual.advance(1_000);
  for (const { name, node } of world.nodes.values()) {
    for (const status of node.groupStatuses()) {
      const replica = of(name, status.group);
      expect(replica).toMatchObject({ term: status.term, commit: status.commitIndex, applied: status.appliedIndex });
      expect(replica.terms.length - 1).toBe(status.lastIndex);
      expect(replica.role === Role.Leader).toBe(status.role === 'leader');
      if (status.role === 'leader') expect(replica.vote).toBe(node.nodeId);
    }
  }
});

test('an observer given to a node hears of its first group, and of every message that leaves', async () => {
  const opened: number[] = [];
  const left: Message[] = [];
  const world = new ClusterWorld({
    config: { numGroups: 1 },
    observed: (name) => ({
      observers:
        name === 'b'
          ? [{ groupAdded: (group) => opened.push(group), messageLeaves: (_, message) => left.push(message) }]
          : [],
    }),
  });
  await world.startCluster('a', 'b', 'c');
  expect(opened).toEqual([0, 1]);
  const { nodeId } = world.node('b').node;
  expect(new Set(left.map(({ from }) => from))).toEqual(new Set([nodeId]));
  expect(left.some(({ type }) => type === MessageType.AppResp)).toBe(true);
});
