import { MessageType } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { RestartFromDisk } from './restart-from-disk.js';
import { conf, entry, SyntheticCluster } from './testdata/synthetic-cluster.js';

const hardState = { term: 2, vote: 1, commit: 1 };
const entries = [entry(2, 1), entry(2, 2)];
const found = { hardState, snapshotMark: undefined, entries };

/** The first node has two entries on its disk. */
const cluster = (): SyntheticCluster =>
  new SyntheticCluster(new RestartFromDisk()).opened().writes(1, { hardState, entries });

describe('a restart goes on from its disk', () => {
  test('with what was durable', () => {
    const c = cluster()
      .ends(1, 'power')
      .starts(1, [found])
      .opens(1, { ...hardState, lastIndex: 2 });
    expect(() => c.leaves(1, { type: MessageType.AppResp, to: 2 })).not.toThrow();
  });

  test('with a prefix of what was on its way', () => {
    const later = { hardState: { ...hardState, commit: 2 }, entries: [entry(2, 3)] };
    const last = { hardState: { term: 3, vote: 0, commit: 2 }, entries: [entry(3, 3)] };
    const crashed = (): SyntheticCluster => {
      const c = cluster();
      c.hands(1, later);
      c.hands(1, last);
      return c.ends(1, 'power');
    };
    const three = { ...found, hardState: later.hardState, entries: [...entries, entry(2, 3)] };
    const four = { ...found, hardState: last.hardState, entries: [...entries, entry(3, 3)] };
    for (const each of [found, three, four]) expect(() => crashed().starts(1, [each])).not.toThrow();
    expect(() => crashed().starts(1, [{ ...four, hardState }])).toThrow(
      /^restart-from-disk: life 2 of n1 finds another disk than was durable: .*, and no prefix of the 2 batches after that explains it/,
    );
  });

  test('with compacted logs and installed snapshots', () => {
    const snapshotMark = { index: 1, term: 2, confState: conf([1, 2, 3]) };
    const c = cluster().writes(1, { snapshotMark, compactTo: 1 }).ends(1);
    expect(() => c.starts(1, [{ hardState, snapshotMark, entries: [entry(2, 2)] }])).not.toThrow();
    expect(() => c.ends(1).starts(1, [{ hardState, snapshotMark: undefined, entries }])).toThrow(
      /the mark of a snapshot at 1 was durable/,
    );
  });

  test.each([
    ['a group less', []],
    ['an entry less', [{ ...found, entries: entries.slice(0, 1) }]],
    ['an entry more', [{ ...found, entries: [...entries, entry(2, 3)] }]],
    ['another entry', [{ ...found, entries: [entry(2, 1), entry(1, 2)] }]],
    ['an earlier term', [{ ...found, hardState: { ...hardState, term: 1 } }]],
    ['another vote', [{ ...found, hardState: { ...hardState, vote: 0 } }]],
  ])('with %s than was durable', (_, groups) => {
    expect(() => cluster().ends(1).starts(1, groups)).toThrow(
      /^restart-from-disk: life 2 of n1 finds another disk than was durable/,
    );
  });

  test('a machine that was wiped finds nothing, and a group that was dropped is not there', () => {
    expect(() => cluster().ends(1, 'wiped').starts(1)).not.toThrow();
    expect(() => cluster().writes(1, { removed: true }).ends(1).starts(1)).not.toThrow();
  });

  test('a replica that takes part with something else than its disk holds; one that is refused may begin so', () => {
    const c = cluster().ends(1).starts(1, [found]).opens(1);
    expect(() => c.leaves(1, { type: MessageType.VoteResp, to: 2, term: 2 })).toThrow(
      /^restart-from-disk: .* began with term 0, vote 0 and a log that ends at 0; its disk holds term 2, vote 1/,
    );
    const refused = cluster().ends(1).starts(1, [found]).opens(1);
    const stopped = { kind: 'group-stopped', replica: refused.id(1), error: new Error('damaged') } as const;
    expect(() => refused.observe(stopped)).not.toThrow();
  });
});
