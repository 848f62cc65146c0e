import { describe, expect, test } from 'vitest';
import { SnapshotOfCommitted } from './snapshot-of-committed.js';
import { conf, SyntheticCluster } from './testdata/synthetic-cluster.js';

function cluster(): SyntheticCluster {
  const c = new SyntheticCluster(new SnapshotOfCommitted()).opened().elects(1, 2);
  c.proposes(1);
  c.proposes(1);
  return c.replicates(1).commitsAll(1);
}
const mark = (index: number, term: number) => ({ index, term, confState: conf([1, 2, 3]) });

describe('a snapshot stands for what was committed', () => {
  test('taken, sent and installed', () => {
    expect(() => cluster().snapshots(1, 2, 1).restarts(2).installs(2, 1)).not.toThrow();
  });

  test('beyond what is committed, or of another term', () => {
    const c = cluster();
    c.proposes(1);
    expect(() => c.writes(1, { snapshotMark: mark(4, 2) })).toThrow(
      /^snapshot-of-committed: .* at 4 of term 2, and only 3 is committed/,
    );
    expect(() => cluster().writes(1, { snapshotMark: mark(3, 1) })).toThrow(/where the entry of term 2 was committed/);
  });

  test('of what the replica has not applied', () => {
    const c = cluster();
    c.proposes(1);
    c.replicates(1).commits(1, 4).commits(2, 4);
    expect(() => c.writes(2, { snapshotMark: mark(4, 2) })).toThrow(
      /^snapshot-of-committed: .* took a snapshot at 4, and shows all up to 3/,
    );
    expect(() => c.writes(3, { snapshotMark: mark(4, 2), resetLog: true })).not.toThrow();
  });

  test('a log that is compacted beyond its snapshot', () => {
    expect(() => cluster().writes(1, { snapshotMark: mark(2, 2), compactTo: 3 })).toThrow(
      /^snapshot-of-committed: .* compacts its log up to 3, and its snapshot is at 2/,
    );
  });
});
