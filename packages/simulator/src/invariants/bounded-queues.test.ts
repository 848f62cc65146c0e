import type { GroupLoad } from '@flotilla/cluster';
import { describe, expect, test } from 'vitest';
import { BoundedQueues } from './bounded-queues.js';
import { SyntheticCluster } from './testdata/synthetic-cluster.js';

function polled(load: Partial<GroupLoad>, settled = false): () => void {
  return () => {
    const c = new SyntheticCluster(new BoundedQueues({ proposalsMax: 10, readsMax: 20, logEntriesMax: 2 })).opened();
    c.elects(1, 2);
    for (let count = 0; count < 3; count++) c.proposes(1);
    c.polls(1, {}, load);
    if (settled) c.settled();
  };
}

describe('bounded queues', () => {
  test('within the limits', () => {
    expect(polled({ proposals: 10, reads: 20, logEntries: 4 })).not.toThrow();
  });

  test('more than the limits', () => {
    expect(polled({ proposals: 11 })).toThrow(/^bounded-queues: 11 proposals wait in group 1 on n1/);
    expect(polled({ reads: 21 })).toThrow(/^bounded-queues: 21 reads wait/);
  });

  test('a log in memory that is not compacted with the one on the disk', () => {
    const c = new SyntheticCluster(new BoundedQueues()).opened().elects(1, 2);
    c.proposes(1);
    c.replicates(1).commitsAll(1).snapshots(1, 2);
    expect(() => c.polls(1, {}, { logEntries: 0 })).not.toThrow();
    expect(() => c.polls(1, {}, { logEntries: 2 })).toThrow(
      /^bounded-queues: .* holds 2 entries in memory, and its log has 0/,
    );
  });

  test('a node that failed is past all that', () => {
    const c = new SyntheticCluster(new BoundedQueues()).opened().elects(1, 2);
    c.proposes(1);
    c.replicates(1).commitsAll(1).snapshots(1, 2);
    expect(() => c.polls(1, { lifecycle: 'failed' }, { logEntries: 2 })).not.toThrow();
  });

  test('what waits at rest is never answered; elsewhere it may be', () => {
    expect(polled({ logEntries: 2 }, true)).not.toThrow();
    expect(polled({ proposals: 1 }, true)).toThrow(/^bounded-queues: at rest 1 proposals and 0 reads wait/);
    expect(polled({ reads: 2 }, true)).toThrow(/^bounded-queues: at rest 0 proposals and 2 reads wait/);
    expect(polled({ logEntries: 3 }, true)).toThrow(
      /^bounded-queues: at rest the log .* holds 3 entries; 2 are the most/,
    );
    const part = new SyntheticCluster(new BoundedQueues()).opened().polls(1, {}, { proposals: 1 });
    expect(() => part.settled(['n1', 'n2'])).not.toThrow();
  });
});
