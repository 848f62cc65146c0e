import { TraceKind } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { AppliedWatermark } from './applied-watermark.js';
import { SyntheticCluster } from './testdata/synthetic-cluster.js';

function cluster(): SyntheticCluster {
  const c = new SyntheticCluster(new AppliedWatermark()).opened().elects(1, 2);
  c.proposes(1);
  return c.replicates(1).commits(1, 2).commits(2, 2);
}
const shows = (c: SyntheticCluster, node: number, index: number) => () =>
  c.observe({ kind: 'watermark', replica: c.id(node), index });

describe('the applied watermark', () => {
  test('follows what is applied, and what is restored; a restart begins it anew', () => {
    const c = cluster().applies(1, 1).applies(1, 2).snapshots(1, 2);
    expect(() => c.restarts(3).installs(3, 1).restarts(2).commits(2, 2).applies(2, 2)).not.toThrow();
  });

  test('falls', () => {
    expect(shows(cluster().applies(1, 2), 1, 1)).toThrow(/^applied-watermark: .* fell from 2 to 1/);
  });

  test('passes what is committed', () => {
    expect(shows(cluster(), 3, 1)).toThrow(/^applied-watermark: .* shows all up to 1, and its commit index is 0/);
  });

  test('shows a command that was not applied', () => {
    expect(shows(cluster(), 1, 1)).not.toThrow();
    expect(shows(cluster(), 1, 2)).toThrow(/^applied-watermark: .* shows all up to 2 before it applied command 2/);
  });

  test('shows a snapshot that was not restored', () => {
    const c = cluster().applies(1, 2).snapshots(1, 2);
    const replica = c.id(3);
    const at = { commit: 0, applied: 0, applying: 0, unstableOffset: 1, unstableOffsetInProgress: 1, unstableCount: 0 };
    c.observe({
      kind: 'trace',
      replica,
      event: { kind: TraceKind.SnapshotRestoreStarted, id: 3, ...at, snapshotIndex: 2, snapshotTerm: 2 },
    });
    expect(shows(c, 3, 2)).toThrow(/^applied-watermark: .* before its snapshot is restored/);
  });
});
