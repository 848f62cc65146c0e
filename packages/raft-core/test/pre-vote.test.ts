import { describe, expect, test } from 'vitest';
import { MessageType, Role } from '../src/index.js';
import { TestCluster, typeName, type NodeOptions } from './test-cluster.js';
import { five, message, replies, three } from './election-cluster.js';

describe('pre-vote (thesis, section 9.6)', () => {
  const options: NodeOptions = { preVote: true, checkQuorum: true };

  test('a node cut off for a hundred timeouts raises no term, and disturbs nobody when it comes back', () => {
    const cluster = TestCluster.of(five, options);
    cluster.elect(1);
    cluster.isolate(5);
    cluster.pass(1000);
    expect(cluster.raw(5).status()).toMatchObject({ role: Role.PreCandidate, term: 1 });
    cluster.heal();
    cluster.pass(30);
    expect(cluster.node(1).state).toBe('Leader term 1 leader 1');
    expect(cluster.node(5).state).toBe('Follower term 1 leader 1');
  });

  test('asking changes neither term nor vote of the one asked', () => {
    const cluster = TestCluster.of(three, { preVote: true });
    cluster.elect(3);
    const before = cluster.raw(2).status();
    cluster.step(message(MessageType.PreVote, 1, 2, { term: 9, logTerm: 1, index: 2 }));
    expect(cluster.raw(2).status()).toMatchObject({ term: before.term, vote: before.vote });
    expect(replies(cluster, 2)).toEqual(['PreVoteResp to 1 term 9']);
  });

  test('a pre-candidate that is refused by a quorum becomes a follower of the same term', () => {
    const cluster = new TestCluster();
    cluster.add(1, three, { preVote: true }, { terms: [], hardState: { term: 2 } });
    cluster.add(2, three, { preVote: true }, { terms: [2], hardState: { term: 2 } });
    cluster.add(3, three, { preVote: true }, { terms: [2], hardState: { term: 2 } });
    cluster.elect(1);
    expect(cluster.node(1).state).toBe('Follower term 2 leader 0');
  });

  test('a refusal that names a higher term is believed', () => {
    const cluster = new TestCluster();
    cluster.add(1, three, { preVote: true }, { terms: [], hardState: { term: 2 } });
    cluster.add(2, three, { preVote: true }, { terms: [], hardState: { term: 7 } });
    cluster.add(3, three, { preVote: true }, { terms: [], hardState: { term: 7 } });
    cluster.raw(1).campaign();
    cluster.settle();
    expect(cluster.raw(1).status()).toMatchObject({ role: Role.Follower, term: 7 });
  });

  test('a pre-vote won leads to a real election', () => {
    const cluster = TestCluster.of(three, { preVote: true });
    cluster.elect(1);
    const asked = cluster.sent.filter(({ from }) => from === 1).map(({ type }) => typeName(type));
    expect(asked.slice(0, 4)).toEqual(['PreVote', 'PreVote', 'Vote', 'Vote']);
    expect(cluster.node(1).state).toBe('Leader term 1 leader 1');
  });

  test('votes are not granted by answers to pre-votes', () => {
    const cluster = TestCluster.of(five, { preVote: true });
    cluster.raw(1).campaign();
    cluster.settle(1);
    for (const voter of [2, 3]) cluster.step(message(MessageType.PreVoteResp, voter, 1, { term: 1 }));
    cluster.settle(1);
    expect(cluster.node(1).state).toBe('Candidate term 1 leader 0');
    cluster.step(message(MessageType.PreVoteResp, 4, 1, { term: 1 }));
    cluster.step(message(MessageType.PreVoteResp, 5, 1, { term: 1 }));
    expect(cluster.node(1).state).toBe('Candidate term 1 leader 0');
  });

  test('candidates with and without pre-vote in one group still elect (rolling change of the option)', () => {
    const cluster = new TestCluster();
    for (const id of three.voters) cluster.add(id, three, { preVote: id !== 2 });
    cluster.isolate(2);
    cluster.tick(2, 100);
    cluster.heal();
    cluster.drop();
    // Node 2 has raised its term without pre-vote; a pre-vote at a lower term must not deadlock (etcd #8501).
    cluster.pass(60);
    expect(cluster.leaders).toHaveLength(1);
  });
});
