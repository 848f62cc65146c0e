import { Role } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { LeaderAppendOnly } from './leader-append-only.js';
import { entry, SyntheticCluster } from './testdata/synthetic-cluster.js';

const led = (): SyntheticCluster => new SyntheticCluster(new LeaderAppendOnly()).opened().elects(1, 2);

describe('leader append-only', () => {
  test('a leader appends; a follower may replace what it has', () => {
    const c = led();
    c.proposes(1);
    c.takes(2, entry(2, 1)).takes(2, entry(2, 2), entry(2, 3)).takes(2, entry(3, 2));
    expect(() => c.proposes(1)).not.toThrow();
  });

  test('a leader replaces an entry', () => {
    const c = led();
    c.proposes(1);
    expect(() => c.takes(1, entry(2, 2))).toThrow(
      /^leader-append-only: .* replaced its log, which ended at 2, from 2 on/,
    );
  });

  test('a leader leaves a gap', () => {
    expect(() => led().takes(1, entry(2, 3))).toThrow(/^leader-append-only: .* which ended at 1, from 3 on/);
  });

  test('a leader appends an entry of another term', () => {
    expect(() => led().takes(1, entry(1, 2))).toThrow(/^leader-append-only: .* appended entry 2 of term 1/);
  });

  test('a leader takes in a snapshot', () => {
    const c = led();
    c.proposes(1);
    c.replicates(1).commitsAll(1).snapshots(2, 2);
    expect(() => c.installs(1, 2)).toThrow(/^leader-append-only: .* replaced its log by a snapshot at 2/);
  });

  test('a leader that begins without an entry of its own', () => {
    const c = new SyntheticCluster(new LeaderAppendOnly()).opened().role(1, Role.Candidate, 2);
    expect(() => c.role(1, Role.Leader, 2)).toThrow(/^leader-append-only: .* no entry of its own/);
  });
});
