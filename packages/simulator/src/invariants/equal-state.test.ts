import { describe, expect, test } from 'vitest';
import { EqualState } from './equal-state.js';
import { SyntheticCluster } from './testdata/synthetic-cluster.js';

function cluster(): SyntheticCluster {
  const c = new SyntheticCluster(new EqualState()).opened().elects(1, 2);
  c.proposes(1);
  c.proposes(1);
  return c.replicates(1).commits(1, 3).commits(2, 3).commits(3, 3).applies(1, 3);
}
const digest = (c: SyntheticCluster, node: number, index: number, value: number): SyntheticCluster =>
  c.observe({ kind: 'state', replica: c.id(node), index, digest: value });

describe('equal state at an equal applied index', () => {
  test('the same results in other batches, and again after a restart', () => {
    const c = cluster().applies(2, 2).applies(2, 3).applies(3, 3).restarts(3).commits(3, 3);
    expect(() => c.applies(3, 3)).not.toThrow();
  });

  test('another result', () => {
    expect(() => cluster().applies(2, 3, ({ index }) => `other ${index}`)).toThrow(
      /^equal-state: group 1 on n2 .* came to another result for command 2/,
    );
  });

  test('digests of the same index, and of different ones', () => {
    const c = digest(digest(cluster(), 1, 2, 77), 1, 3, 78);
    expect(() => digest(digest(c, 2, 2, 77), 3, 3, 78)).not.toThrow();
    expect(() => digest(c, 2, 3, 77)).toThrow(/^equal-state: group 1 on n2 .* is in another state after index 3/);
  });
});
