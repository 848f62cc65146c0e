import { TraceKind } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { MonotonicCommit } from './monotonic-commit.js';
import { SyntheticCluster } from './testdata/synthetic-cluster.js';

function cluster(): SyntheticCluster {
  const c = new SyntheticCluster(new MonotonicCommit()).opened().elects(1, 2);
  c.proposes(1);
  return c.replicates(1).commitsAll(1);
}

describe('monotonic commit', () => {
  test('both fall with a restart, and only with it', () => {
    const c = cluster().restarts(2);
    expect(c.replica(2).commit).toBe(0);
    expect(() => c.commits(2, 2).applies(2, 2)).not.toThrow();
  });

  test('the commit index falls', () => {
    expect(() => cluster().commits(1, 1)).toThrow(/^monotonic-commit: the commit index .* fell from 2 to 1/);
  });

  test('the commit index passes the end of the log', () => {
    expect(() => cluster().commits(2, 5)).toThrow(/^monotonic-commit: .* is 5, and its log ends at 2/);
  });

  test('the applied index falls, or passes the commit index', () => {
    const applied = (to: number) => () => cluster().traces(1, { kind: TraceKind.AppliedAdvanced, applied: to });
    expect(applied(1)).toThrow(/^monotonic-commit: the applied index .* fell from 2 to 1/);
    expect(applied(3)).toThrow(/^monotonic-commit: .* applied 3, and its commit index is 2/);
  });

  test('a snapshot takes the commit index back', () => {
    const c = cluster().snapshots(3, 1);
    expect(() => c.installs(2, 3)).toThrow(/^monotonic-commit: the commit index .* fell from 2 to 1/);
  });
});
