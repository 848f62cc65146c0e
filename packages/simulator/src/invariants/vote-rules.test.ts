import { createMessage, type Message, MessageType, Role, TraceKind } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { entry, SyntheticCluster } from './testdata/synthetic-cluster.js';
import { VotesForCompleteLogs } from './votes-for-complete-logs.js';
import { YieldsToHigherTerms } from './yields-to-higher-terms.js';

describe('votes for complete logs', () => {
  /** The voter's log ends at 2 in term 3. */
  const votes =
    (candidateTerm: number, candidateIndex: number, type: MessageType = MessageType.Vote) =>
    () =>
      new SyntheticCluster(new VotesForCompleteLogs()).opened().takes(2, entry(2, 1), entry(3, 2)).traces(2, {
        kind: TraceKind.VoteCast,
        type,
        from: 1,
        lastTerm: 3,
        lastIndex: 2,
        vote: 0,
        term: 4,
        candidateTerm,
        candidateIndex,
      });

  test('a later term, or the same and as far', () => {
    expect(votes(4, 1)).not.toThrow();
    expect(votes(3, 2)).not.toThrow();
  });

  test('a longer log of an earlier term, or a shorter one', () => {
    expect(votes(2, 9)).toThrow(
      /^votes-for-complete-logs: .* votes for 1, whose log ends at 9 in term 2; its own ends at 2 in term 3/,
    );
    expect(votes(3, 1)).toThrow(/^votes-for-complete-logs: /);
    expect(votes(2, 9, MessageType.PreVote)).toThrow(/^votes-for-complete-logs: /);
  });
});

describe('yields to higher terms', () => {
  const hears = (message: Partial<Message> & Pick<Message, 'type'>): SyntheticCluster =>
    new SyntheticCluster(new YieldsToHigherTerms())
      .opened()
      .traces(2, { kind: TraceKind.MessageReceived, message: createMessage({ to: 2, from: 1, term: 5, ...message }) });
  const goesOn = (c: SyntheticCluster) => () => c.sends(2, { type: MessageType.HeartbeatResp, to: 3 });

  test('is in it from then on', () => {
    expect(goesOn(hears({ type: MessageType.App }).role(2, Role.Follower, 5))).not.toThrow();
  });

  test.each(['App', 'AppResp', 'HeartbeatResp', 'Vote', 'VoteResp'] as const)('stays in its term after %s', (type) => {
    expect(goesOn(hears({ type: MessageType[type] }))).toThrow(/^yields-to-higher-terms: .* heard of term 5 from 1/);
  });

  test('pre-votes speak of terms to come; a refusal tells of one that has begun', () => {
    expect(goesOn(hears({ type: MessageType.PreVote }))).not.toThrow();
    expect(goesOn(hears({ type: MessageType.PreVoteResp }))).not.toThrow();
    expect(goesOn(hears({ type: MessageType.PreVoteResp, reject: true }))).toThrow(/^yields-to-higher-terms: /);
  });

  test('a request for a vote that was ignored for the lease', () => {
    const c = hears({ type: MessageType.Vote });
    const judged = { type: MessageType.Vote, from: 1, lastTerm: 0, lastIndex: 0, vote: 0, term: 1 };
    c.traces(2, {
      kind: TraceKind.VoteIgnoredInLease,
      ...judged,
      candidateTerm: 0,
      candidateIndex: 0,
      remainingTicks: 3,
    });
    expect(goesOn(c)).not.toThrow();
  });
});
