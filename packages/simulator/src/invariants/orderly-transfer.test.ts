import { Role, TraceKind } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { OrderlyTransfer } from './orderly-transfer.js';
import { SyntheticCluster } from './testdata/synthetic-cluster.js';

const cluster = (): SyntheticCluster => new SyntheticCluster(new OrderlyTransfer()).opened().elects(1, 2);
const begins = (c: SyntheticCluster): SyntheticCluster =>
  c.traces(1, { kind: TraceKind.TransferStarted, term: 2, transferee: 2 });
const calls = (c: SyntheticCluster, to: number) => () =>
  c.traces(1, { kind: TraceKind.TimeoutNowSent, to, immediately: true });

describe('an orderly transfer', () => {
  test('to a voter that has everything', () => {
    expect(calls(begins(cluster().replicates(1)), 2)).not.toThrow();
  });

  test('to one that lacks the last entry, or has not made it durable', () => {
    const c = begins(cluster().replicates(1, [3]));
    expect(calls(c, 2)).toThrow(/^orderly-transfer: .* calls on 2 to campaign, which lacks entries up to 1/);
    c.takes(2, ...c.replica(1).log.entries);
    c.hands(2, { entries: c.replica(1).log.entries });
    expect(calls(c, 2)).toThrow(/^orderly-transfer: /);
  });

  test('to one that has no vote', () => {
    expect(calls(begins(cluster().replicates(1)), 4)).toThrow(/^orderly-transfer: .* which has no vote/);
  });

  test('nothing is appended meanwhile', () => {
    expect(() => begins(cluster()).proposes(1)).toThrow(
      /^orderly-transfer: .* appended 2 while it hands over leadership/,
    );
  });

  test('but after it was given up, and by whoever leads next', () => {
    const over = begins(cluster()).traces(1, { kind: TraceKind.TransferEnded, transferee: 2, reason: 'timeout' });
    expect(() => over.proposes(1)).not.toThrow();
    const followed = begins(cluster().replicates(1)).elects(2, 3).role(1, Role.Follower, 3, { leader: 2 });
    expect(() => followed.replicates(2)).not.toThrow();
  });
});
