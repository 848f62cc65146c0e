import { MessageType, Role, TraceKind } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { MonotonicTermAndVote } from './monotonic-term-and-vote.js';
import { SyntheticCluster } from './testdata/synthetic-cluster.js';

const cluster = (): SyntheticCluster => new SyntheticCluster(new MonotonicTermAndVote()).opened();
const casts = (c: SyntheticCluster, node: number, to: number, term: number, type: MessageType = MessageType.Vote) =>
  c.traces(node, {
    kind: TraceKind.VoteCast,
    type,
    from: to,
    lastTerm: 0,
    lastIndex: 0,
    vote: 0,
    term,
    candidateTerm: 0,
    candidateIndex: 0,
  });

describe('monotonic term and vote', () => {
  test('a vote stays through the term, and ends with it', () => {
    const c = casts(cluster().role(2, Role.Follower, 2), 2, 1, 2);
    c.role(2, Role.Follower, 2, { vote: 1, leader: 1 }).role(2, Role.PreCandidate, 2, { vote: 1 });
    expect(() => casts(casts(c, 2, 1, 2), 2, 3, 3, MessageType.PreVote).role(2, Role.Follower, 3)).not.toThrow();
  });

  test('a term falls', () => {
    const c = cluster().role(2, Role.Follower, 3);
    expect(() => c.role(2, Role.Follower, 2)).toThrow(/^monotonic-term-and-vote: the term of .* fell from 3/);
  });

  test('a candidate that steps down in its own term forgets its vote', () => {
    const c = cluster().role(2, Role.Candidate, 2, { vote: 2 });
    expect(() => c.role(2, Role.Follower, 2, { leader: 1 })).toThrow(/had voted for 2, and now its vote is nobody/);
  });

  test('a second vote in a term', () => {
    const c = casts(cluster().role(2, Role.Follower, 2), 2, 1, 2);
    expect(() => casts(c, 2, 3, 2)).toThrow(/^monotonic-term-and-vote: .* had voted for 1, and now its vote is 3/);
  });

  test('pre-votes move neither term nor vote', () => {
    const c = cluster().role(2, Role.Follower, 2, { vote: 1 });
    expect(() => c.role(2, Role.PreCandidate, 3)).toThrow(/^monotonic-term-and-vote: .* only asks/);
  });

  test('a pre-candidate may vote for another in its term', () => {
    const c = cluster().role(2, Role.Follower, 2).role(2, Role.PreCandidate, 2);
    expect(() => casts(c, 2, 1, 2).role(2, Role.PreCandidate, 2, { vote: 1 })).not.toThrow();
  });

  test('a write that takes back what an earlier one said', () => {
    const written = (): SyntheticCluster => cluster().writes(1, { hardState: { term: 3, vote: 2, commit: 4 } });
    const then = (term: number, vote: number, commit: number) => () =>
      written().writes(1, { hardState: { term, vote, commit } });
    expect(then(3, 2, 5)).not.toThrow();
    expect(then(4, 0, 4)).not.toThrow();
    expect(then(2, 2, 4)).toThrow(/^monotonic-term-and-vote: what n1 writes of group 1, term 2, .*, takes back term 3/);
    expect(then(3, 0, 4)).toThrow(/takes back term 3, vote 2/);
    expect(then(3, 2, 3)).toThrow(/takes back term 3, vote 2, commit 4/);
  });

  test('over a restart too; but a replica that was dropped begins anew', () => {
    const c = cluster()
      .writes(1, { hardState: { term: 3, vote: 2, commit: 0 } })
      .restarts(1);
    expect(() => c.writes(1, { hardState: { term: 2, vote: 0, commit: 0 } })).toThrow(/takes back/);
    const dropped = cluster()
      .writes(1, { hardState: { term: 3, vote: 2, commit: 0 } })
      .writes(1, { removed: true });
    expect(() => dropped.writes(1, { hardState: { term: 1, vote: 0, commit: 0 } })).not.toThrow();
  });
});
