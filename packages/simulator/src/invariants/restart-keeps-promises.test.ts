import { MessageType } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { RestartKeepsPromises } from './restart-keeps-promises.js';
import { SyntheticCluster } from './testdata/synthetic-cluster.js';

/** The second node has voted for the first in term 3 and has acknowledged entries in term 4. */
const cluster = (): SyntheticCluster =>
  new SyntheticCluster(new RestartKeepsPromises())
    .opened()
    .leaves(2, { type: MessageType.VoteResp, to: 1, term: 3 })
    .leaves(2, { type: MessageType.AppResp, to: 1, term: 4, index: 7 });
const finds = (term: number, vote: number) => (c: SyntheticCluster) => () =>
  c.ends(2, 'power').starts(2, [{ hardState: { term, vote, commit: 0 }, snapshotMark: undefined, entries: [] }]);

describe('a restart keeps what the node promised', () => {
  test('in the same term or a later one', () => {
    expect(finds(4, 0)(cluster())).not.toThrow();
    expect(finds(5, 3)(cluster())).not.toThrow();
  });

  test('a term that it took part in is forgotten', () => {
    expect(finds(3, 1)(cluster())).toThrow(
      /^restart-keeps-promises: life 2 of n2 finds term 3, .* and the node took part in term 4/,
    );
  });

  test('a vote is forgotten, or changed', () => {
    const voted = (): SyntheticCluster =>
      new SyntheticCluster(new RestartKeepsPromises())
        .opened()
        .leaves(2, { type: MessageType.VoteResp, to: 1, term: 3 });
    expect(finds(3, 1)(voted())).not.toThrow();
    expect(finds(3, 0)(voted())).toThrow(/^restart-keeps-promises: .* and the node voted for 1 in that term/);
  });

  test('a candidate has voted for itself', () => {
    const c = new SyntheticCluster(new RestartKeepsPromises())
      .opened()
      .leaves(2, { type: MessageType.Vote, to: 1, term: 3 });
    expect(finds(2, 0)(c)).toThrow(/^restart-keeps-promises: .* took part in term 3/);
  });

  test('refusals are no promises; a dropped replica and a wiped machine have made none', () => {
    const refused = new SyntheticCluster(new RestartKeepsPromises()).opened();
    refused.leaves(2, { type: MessageType.VoteResp, to: 1, term: 3, reject: true });
    expect(finds(2, 0)(refused)).not.toThrow();
    const dropped = cluster();
    expect(finds(1, 0)(dropped.observe({ kind: 'group-dropped', replica: dropped.id(2) }))).not.toThrow();
    expect(finds(1, 0)(cluster().ends(2, 'wiped').starts(2))).not.toThrow();
  });
});
