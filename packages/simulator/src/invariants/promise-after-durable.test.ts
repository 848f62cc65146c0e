import { MessageType, Role } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { PromiseAfterDurable } from './promise-after-durable.js';
import { conf, entry, SyntheticCluster } from './testdata/synthetic-cluster.js';

const cluster = (): SyntheticCluster => new SyntheticCluster(new PromiseAfterDurable()).opened();
const votes =
  (c: SyntheticCluster): (() => SyntheticCluster) =>
  () =>
    c.leaves(2, { type: MessageType.VoteResp, to: 1, term: 2 });
const acknowledges =
  (c: SyntheticCluster, index: number): (() => SyntheticCluster) =>
  () =>
    c.leaves(2, { type: MessageType.AppResp, to: 1, term: 2, index });

describe('a promise leaves after it is durable', () => {
  test('a vote that is on the disk, and one that a later term there covers', () => {
    expect(votes(cluster().writes(2, { hardState: { term: 2, vote: 1, commit: 0 } }))).not.toThrow();
    expect(votes(cluster().writes(2, { hardState: { term: 3, vote: 0, commit: 0 } }))).not.toThrow();
  });

  test('a vote that is on its way, or for somebody else', () => {
    const underWay = cluster();
    underWay.hands(2, { hardState: { term: 2, vote: 1, commit: 0 } });
    expect(votes(underWay)).toThrow(
      /^promise-after-durable: .* gives its vote in term 2 to 1, and its disk holds term 0/,
    );
    expect(votes(cluster().writes(2, { hardState: { term: 2, vote: 3, commit: 0 } }))).toThrow(
      /its disk holds term 2, vote 3/,
    );
  });

  test('refusals and pre-votes promise nothing', () => {
    const c = cluster().leaves(2, { type: MessageType.VoteResp, to: 1, term: 2, reject: true });
    expect(() => c.leaves(2, { type: MessageType.PreVoteResp, to: 1, term: 2 })).not.toThrow();
  });

  test('a candidate asks for votes before its own is durable', () => {
    const asks =
      (c: SyntheticCluster): (() => SyntheticCluster) =>
      () =>
        c.leaves(1, { type: MessageType.Vote, to: 2, term: 2 });
    expect(asks(cluster())).toThrow(/^promise-after-durable: .* gives its vote in term 2 to 1/);
    expect(asks(cluster().writes(1, { hardState: { term: 2, vote: 1, commit: 0 } }))).not.toThrow();
  });

  test('entries that are durable, in the log or under a snapshot', () => {
    const written = cluster().takes(2, entry(2, 1), entry(2, 2));
    written.writes(2, { hardState: { term: 2, vote: 0, commit: 0 }, entries: [entry(2, 1), entry(2, 2)] });
    expect(acknowledges(written, 2)).not.toThrow();
    const snapshotMark = { index: 5, term: 2, confState: conf([1, 2, 3]) };
    const installed = cluster().writes(2, { snapshotMark, resetLog: true, hardState: { term: 2, vote: 0, commit: 5 } });
    expect(acknowledges(installed, 5)).not.toThrow();
  });

  test('entries of which the last is not durable', () => {
    const c = cluster().takes(2, entry(2, 1), entry(2, 2));
    c.writes(2, { hardState: { term: 2, vote: 0, commit: 0 }, entries: [entry(2, 1)] });
    c.hands(2, { entries: [entry(2, 2)] });
    expect(acknowledges(c, 1)).not.toThrow();
    expect(acknowledges(c, 2)).toThrow(
      /^promise-after-durable: .* acknowledges entries up to 2 in term 2, and on its disk the log ends at 1/,
    );
  });

  test('the disk still has what the log replaced', () => {
    const c = cluster()
      .takes(2, entry(1, 1))
      .writes(2, { hardState: { term: 2, vote: 0, commit: 0 }, entries: [entry(1, 1)] });
    c.takes(2, entry(2, 1));
    expect(acknowledges(c, 1)).toThrow(/^promise-after-durable: .* the log ends at 1 \(term 1\)/);
  });

  test('a disk that was slow to write what a later term has replaced meanwhile', () => {
    const c = cluster().role(2, Role.Follower, 2).takes(2, entry(2, 1));
    const batch = c.hands(2, { hardState: { term: 2, vote: 0, commit: 0 }, entries: [entry(2, 1)] });
    c.role(2, Role.Follower, 3).takes(2, entry(3, 1));
    expect(acknowledges(c, 1)).toThrow(/^promise-after-durable: .* the log ends at 0/);
    c.lands(2, batch);
    expect(acknowledges(c, 1)).not.toThrow();
  });
});
