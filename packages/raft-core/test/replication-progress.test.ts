import { describe, expect, test } from 'vitest';
import { createMessage, MessageType, Role, type Message } from '../src/index.js';
import { TestCluster } from './test-cluster.js';

const three = { voters: [1, 2, 3] } as const;
const answer = (index: number, fields: Partial<Message> = {}): Message =>
  createMessage({ type: MessageType.AppResp, from: 2, to: 1, term: 1, index, ...fields });

/** A leader of five entries that all have acknowledged. */
function led(): TestCluster {
  const cluster = TestCluster.of(three);
  cluster.elect(1);
  for (const word of ['a', 'b', 'c', 'd']) cluster.propose(1, word);
  cluster.settle();
  cluster.sent.length = 0;
  return cluster;
}

describe('what a leader believes of a follower', () => {
  test('it begins with probing, and replicates once the logs are known to meet', () => {
    const cluster = TestCluster.of(three);
    cluster.raw(1).campaign();
    cluster.settle(1);
    cluster.deliver(({ to }) => to === 2);
    cluster.settle(2);
    cluster.deliver(({ to }) => to === 1);
    expect(cluster.node(1).progressOf(2)).toMatch(/^Probe match 0/);
    cluster.settle();
    expect(cluster.node(1).progressOf(2)).toBe('Replicate match 2 next 3');
  });

  test('match never falls, whatever comes late', () => {
    const cluster = led();
    for (const late of [answer(2), answer(3), answer(1)]) cluster.step(late);
    expect(cluster.node(1).progressOf(2)).toBe('Replicate match 6 next 7');
  });

  test('a late rejection of what was acknowledged since is ignored (openraft #1500)', () => {
    const cluster = led();
    cluster.step(answer(4, { reject: true, rejectHint: 2, logTerm: 1 }));
    expect(cluster.node(1).progressOf(2)).toBe('Replicate match 6 next 7');
    cluster.ready(cluster.node(1));
    expect(cluster.inFlight).toEqual([]);
  });

  test('a rejection beyond what is acknowledged sends it back to probing', () => {
    const cluster = led();
    cluster.isolate(2);
    cluster.propose(1, 'e');
    cluster.propose(1, 'f');
    cluster.settle();
    expect(cluster.node(1).progressOf(2)).toBe('Replicate match 6 next 9');
    cluster.step(answer(7, { reject: true, rejectHint: 6, logTerm: 1 }));
    expect(cluster.node(1).progressOf(2)).toMatch(/^Probe match 6 next 7/);
  });

  test('a probe that is rejected twice moves back once', () => {
    const cluster = led();
    cluster.raw(1).reportUnreachable(2);
    cluster.propose(1, 'e');
    cluster.drop();
    expect(cluster.node(1).progressOf(2)).toBe('Probe match 6 next 7 paused');
    const rejection = answer(6, { reject: true, rejectHint: 3, logTerm: 1 });
    cluster.step(rejection);
    cluster.step(rejection);
    expect(cluster.node(1).progressOf(2)).toMatch(/^Probe match 6 next 7/);
  });

  test('an unreachable follower is probed, and found again by the next heartbeat', () => {
    const cluster = led();
    cluster.raw(1).reportUnreachable(2);
    expect(cluster.node(1).progressOf(2)).toBe('Probe match 6 next 7');
    cluster.pass(1);
    expect(cluster.node(1).progressOf(2)).toBe('Replicate match 6 next 7');
  });

  test('a follower that lost the end of its log is not believed to have it: it must not have acknowledged it', () => {
    const cluster = led();
    // Unsynced entries are lost in a crash: they were never acknowledged, so the leader sends them again.
    const node = cluster.node(3);
    cluster.propose(1, 'e');
    cluster.ready(cluster.node(1));
    cluster.deliver(({ to }) => to === 3);
    cluster.ready(node, 'before-write');
    node.restart();
    cluster.pass(2);
    expect(node.words).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});

describe('terms of others', () => {
  test('a learner of a later term unseats the leader once, not for ever (hashicorp/raft #524)', () => {
    const start = { voters: [1, 2], learners: [3] };
    const cluster = new TestCluster();
    const options = { preVote: true, checkQuorum: true };
    for (const id of [1, 2]) cluster.add(id, start, options);
    cluster.add(3, start, options, { terms: [], hardState: { term: 50 } });
    cluster.elect(1);
    cluster.pass(40);
    const leaders = cluster.leaders;
    expect(leaders).toHaveLength(1);
    const [leader = 0] = leaders;
    const { term } = cluster.raw(leader);
    expect(term).toBeGreaterThan(50);
    cluster.pass(300);
    expect(cluster.raw(leader)).toMatchObject({ role: Role.Leader, term });
  });

  test('a group that was cut in half heals without losing what was committed', () => {
    const cluster = TestCluster.of({ voters: [1, 2, 3, 4, 5] }, { preVote: true, checkQuorum: true });
    cluster.elect(1);
    cluster.propose(1, 'a');
    cluster.settle();
    cluster.partition([1, 2], [3, 4, 5]);
    cluster.propose(1, 'lost');
    for (const id of [3, 4, 5]) cluster.tick(id, 10);
    cluster.settle();
    cluster.raw(3).campaign();
    cluster.settle();
    cluster.propose(3, 'b');
    cluster.settle();
    expect(cluster.node(4).words).toEqual(['a', 'b']);
    cluster.heal();
    cluster.pass(30);
    for (const { words } of cluster.all) expect(words).toEqual(['a', 'b']);
  });
});
