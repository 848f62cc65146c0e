import { MessageType } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { OneVoteATerm } from './one-vote-a-term.js';
import { SyntheticCluster } from './testdata/synthetic-cluster.js';

const cluster = (): SyntheticCluster => new SyntheticCluster(new OneVoteATerm()).opened();
const votes = (c: SyntheticCluster, node: number, to: number, term: number, reject = false): SyntheticCluster =>
  c.leaves(node, { type: MessageType.VoteResp, to, term, reject });

describe('one vote a term, on the wire', () => {
  test('the same vote again, refusals, pre-votes, and another vote in another term', () => {
    const c = votes(votes(cluster(), 2, 1, 2), 2, 1, 2);
    c.leaves(2, { type: MessageType.PreVoteResp, to: 3, term: 2 });
    expect(() => votes(votes(votes(c, 2, 3, 2, true), 2, 3, 3), 3, 1, 3)).not.toThrow();
  });

  test('two candidates in one term', () => {
    const c = votes(cluster(), 2, 1, 2);
    expect(() => votes(c, 2, 3, 2)).toThrow(/^one-vote-a-term: .* votes in term 2 for 3, and has voted for 1/);
  });

  test('a vote that was forgotten with a life', () => {
    const c = votes(cluster(), 2, 1, 2).restarts(2);
    expect(() => votes(c, 2, 3, 2)).toThrow(/^one-vote-a-term: /);
  });

  test('a candidate has voted for itself', () => {
    const c = cluster().leaves(1, { type: MessageType.Vote, to: 2, term: 2 });
    expect(() => votes(c, 1, 3, 2)).toThrow(/^one-vote-a-term: .* for 3, and has voted for 1/);
  });
});
