import { createMessage, type Message, MessageType, Role, TraceKind } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { FollowsTheLeader } from './follows-the-leader.js';
import { conf, entry, SyntheticCluster } from './testdata/synthetic-cluster.js';

const receives = (
  c: SyntheticCluster,
  node: number,
  message: Partial<Message> & Pick<Message, 'type'>,
): SyntheticCluster =>
  c.traces(node, {
    kind: TraceKind.MessageReceived,
    message: createMessage({ to: node, from: 1, term: 2, ...message }),
  });
const cluster = (): SyntheticCluster => new SyntheticCluster(new FollowsTheLeader()).opened().role(2, Role.Follower, 2);
const appends = (c: SyntheticCluster, more: Partial<Message> = {}): SyntheticCluster =>
  receives(c, 2, { type: MessageType.App, entries: [entry(2, 1)], ...more });

describe('follows the leader', () => {
  test('appends and commits on the word of a leader of its term', () => {
    const c = appends(cluster(), { commit: 1 }).takes(2, entry(2, 1)).commits(2, 1);
    receives(c, 2, { type: MessageType.App, index: 1, entries: [entry(2, 2)], commit: 1 }).takes(2, entry(2, 2));
    expect(() => receives(c, 2, { type: MessageType.Heartbeat, commit: 2 }).commits(2, 2)).not.toThrow();
  });

  test('obeys a leader of an earlier term', () => {
    const c = appends(cluster().role(2, Role.Follower, 3));
    expect(() => c.takes(2, entry(2, 1))).toThrow(
      /^follows-the-leader: .* appended entries up to 1, and the last word was one of node 1 in term 2/,
    );
  });

  test('appends of its own accord', () => {
    expect(() => cluster().takes(2, entry(2, 1))).toThrow(/^follows-the-leader: .* nobody has said anything/);
  });

  test('commits what stands behind the entries of an append', () => {
    const c = appends(cluster()).takes(2, entry(2, 1), entry(2, 2), entry(2, 3));
    appends(c, { commit: 3 });
    expect(() => c.commits(2, 3)).toThrow(
      /^follows-the-leader: .* all up to 3 to be committed on a word that covers 1/,
    );
  });

  test('commits more than a heartbeat says', () => {
    const c = appends(cluster()).takes(2, entry(2, 1), entry(2, 2));
    receives(c, 2, { type: MessageType.Heartbeat, commit: 1 });
    expect(() => c.commits(2, 2)).toThrow(/^follows-the-leader: .* covers 1/);
  });

  test('a leader and a candidate of one append by themselves', () => {
    const c = cluster()
      .role(2, Role.Candidate, 3)
      .takes(2, entry(3, 1, ''))
      .role(2, Role.Leader, 3);
    expect(() => c.takes(2, entry(3, 2)).commits(2, 2)).not.toThrow();
  });

  test('acknowledges a tail that the leader does not have', () => {
    const c = new SyntheticCluster(new FollowsTheLeader()).opened().elects(1, 2);
    appends(c).takes(2, entry(2, 1, ''), entry(2, 2));
    const acknowledges = (index: number) => () => c.leaves(2, { type: MessageType.AppResp, to: 1, term: 2, index });
    expect(acknowledges(1)).not.toThrow();
    expect(acknowledges(2)).toThrow(
      /^follows-the-leader: .* acknowledges entry 2 of term 2, which the log of the leader 1 has not/,
    );
  });

  test('a heartbeat says to be committed what its follower lacks', () => {
    const beats = (replicated: readonly number[]) => () => {
      const c = new SyntheticCluster(new FollowsTheLeader()).opened().elects(1, 2);
      c.takes(1, entry(2, 2))
        .writes(1, { entries: c.replica(1).log.entries })
        .commits(1, 2);
      const snapshotMark = { index: 2, term: 2, confState: conf([1, 2, 3]) };
      for (const node of replicated) c.writes(node, { snapshotMark, resetLog: true });
      c.sends(1, { type: MessageType.Heartbeat, to: 2, term: 2, commit: 2 });
    };
    expect(beats([2])).not.toThrow();
    expect(beats([3])).toThrow(/^follows-the-leader: .* tells node 2 that 2 is committed/);
  });
});
