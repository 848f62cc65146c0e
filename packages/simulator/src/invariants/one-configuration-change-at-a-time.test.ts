import { TraceKind } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { OneConfigurationChangeAtATime } from './one-configuration-change-at-a-time.js';
import { change, SyntheticCluster } from './testdata/synthetic-cluster.js';

const cluster = (): SyntheticCluster =>
  new SyntheticCluster(new OneConfigurationChangeAtATime()).opened().elects(1, 2).takes(1, change(2, 2));

describe('one change of membership at a time', () => {
  test('a second one once the first is applied', () => {
    const c = cluster().traces(1, { kind: TraceKind.AppliedAdvanced, applied: 2 });
    c.proposes(1);
    expect(() => c.takes(1, change(2, 4))).not.toThrow();
  });

  test('a second one before that, committed or not', () => {
    const c = cluster();
    expect(() => c.commits(1, 2).takes(1, change(2, 3))).toThrow(
      /^one-configuration-change-at-a-time: .* has applied all up to 0, and its log has changes of membership at 2 and 3/,
    );
  });

  test('a new leader with a change in its tail that may not be committed', () => {
    const c = new SyntheticCluster(new OneConfigurationChangeAtATime()).opened().takes(2, change(1, 1)).elects(2, 2);
    expect(() => c.takes(2, change(2, 3))).toThrow(
      /^one-configuration-change-at-a-time: .* at 3, and has applied 0 of the 1 entries that it had when it was elected/,
    );
  });

  test('followers take what leaders send', () => {
    const c = cluster();
    expect(() => c.takes(2, change(2, 1), change(2, 2))).not.toThrow();
  });
});
