import { describe, expect, test } from 'vitest';
import { LogMatching } from './log-matching.js';
import { entry, SyntheticCluster } from './testdata/synthetic-cluster.js';

const cluster = (): SyntheticCluster => new SyntheticCluster(new LogMatching()).opened();

describe('log matching', () => {
  test('different entries of different terms at one index', () => {
    const c = cluster()
      .takes(1, entry(1, 1), entry(2, 2, 'a'))
      .takes(2, entry(1, 1), entry(3, 2, 'b'));
    expect(() => c.takes(3, entry(1, 1), entry(2, 2, 'a')).takes(3, entry(3, 2, 'b'))).not.toThrow();
  });

  test('other content under the same index and term', () => {
    const c = cluster().takes(1, entry(1, 1, 'one'));
    expect(() => c.takes(2, entry(1, 1, 'other'))).toThrow(
      /^log-matching: .* entry 1 of term 1 was seen before with other content/,
    );
  });

  test('an empty entry is not a change of membership of no bytes', () => {
    const c = cluster().takes(1, entry(1, 1, ''));
    expect(() => c.takes(2, { ...entry(1, 1, ''), type: 2 })).toThrow(/^log-matching: .* other content/);
  });

  test('the same entry behind entries of different terms', () => {
    const c = cluster().takes(1, entry(1, 1), entry(3, 2)).takes(2, entry(2, 1));
    expect(() => c.takes(2, entry(3, 2))).toThrow(
      /^log-matching: .* entry 2 of term 3 stands behind one of term 2, and elsewhere behind one of 1/,
    );
  });

  test('a term that falls along a log', () => {
    const c = cluster().takes(1, entry(2, 1));
    expect(() => c.takes(1, entry(1, 2))).toThrow(/^log-matching: .* stands behind one of term 2/);
  });

  test('a restart that finds other content than was written', () => {
    const hardState = { term: 1, vote: 0, commit: 0 };
    const c = cluster()
      .takes(1, entry(1, 1))
      .writes(1, { hardState, entries: [entry(1, 1)] });
    c.ends(1).starts(1, [{ hardState, snapshotMark: undefined, entries: [entry(1, 1, 'rotten')] }]);
    expect(() => c.opens(1, { ...hardState, lastIndex: 1 })).toThrow(/^log-matching: .* other content/);
  });

  test('an entry goes to the disk with other content than it has in the log, or was never in it', () => {
    const c = cluster().takes(1, entry(1, 1));
    expect(() => c.writes(1, { entries: [entry(1, 1)] })).not.toThrow();
    expect(() => c.writes(1, { entries: [entry(1, 1, 'other')] })).toThrow(
      /^log-matching: .* goes to the disk with other content/,
    );
    expect(() => c.writes(1, { entries: [entry(1, 2)] })).toThrow(/^log-matching: .* never stood in a log/);
  });

  test('an entry on its way to the disk while the log has moved on', () => {
    const c = cluster().takes(1, entry(1, 1)).takes(1, entry(2, 1));
    expect(() => c.writes(1, { entries: [entry(1, 1)] }).writes(1, { entries: [entry(2, 1)] })).not.toThrow();
  });
});
