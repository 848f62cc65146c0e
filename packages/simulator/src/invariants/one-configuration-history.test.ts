import { type ConfState, MessageType } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { OneConfigurationHistory } from './one-configuration-history.js';
import { change, conf, SyntheticCluster } from './testdata/synthetic-cluster.js';

const three = conf([1, 2, 3]);
const four = conf([1, 2, 3, 4]);
const joint = conf([1, 2, 4], { votersOutgoing: [1, 2, 3], autoLeave: true });

/** A change of membership at 2 is committed on all. */
function cluster(): SyntheticCluster {
  const c = new SyntheticCluster(new OneConfigurationHistory()).opened().elects(1, 2);
  c.takes(1, change(2, 2)).replicates(1);
  for (const node of [1, 2, 3]) c.commits(node, 2);
  return c;
}

describe('one configuration history', () => {
  test('all come from the same to the same', () => {
    const c = cluster();
    for (const node of [1, 2, 3]) c.reconfigures(node, 2, three, four);
    expect(() => c.snapshots(1, 2, 2, four).sends(1, { type: MessageType.Snap, to: 4, term: 2 })).not.toThrow();
  });

  test('a replica comes to another configuration, or from another', () => {
    const other = conf([1, 2, 3, 5]);
    expect(() => cluster().reconfigures(1, 2, three, four).reconfigures(2, 2, three, other)).toThrow(
      /^one-configuration-history: .* came to voters 1 2 3 5; another came to voters 1 2 3 4/,
    );
    const later = (before: ConfState): SyntheticCluster => {
      const c = cluster().reconfigures(1, 2, three, four).takes(1, change(2, 3)).replicates(1).commits(1, 3);
      return c.reconfigures(1, 3, before, conf([1, 2, 4]));
    };
    expect(() => later(four)).not.toThrow();
    expect(() => later(three)).toThrow(
      /^one-configuration-history: .* coming from voters 1 2 3; the change at 2 had made voters 1 2 3 4/,
    );
  });

  test('a change that nobody committed', () => {
    expect(() => cluster().reconfigures(1, 3, three, four)).toThrow(
      /^one-configuration-history: .* at 3, which nobody committed/,
    );
  });

  test.each([
    ['two voters at once', three, conf([1, 4, 5])],
    ['out of a joint configuration to another half', joint, three],
    ['into a joint configuration from another half', conf([1, 2, 5]), joint],
  ])('%s', (_, before, after) => {
    expect(() => cluster().reconfigures(1, 2, before, after)).toThrow(/^one-configuration-history: .* in one step/);
  });

  test.each([
    ['into a joint configuration', three, joint],
    ['out of it', joint, conf([1, 2, 4])],
    ['a learner more', three, conf([1, 2, 3], { learners: [4, 5] })],
  ])('%s', (_, before, after) => {
    expect(() => cluster().reconfigures(1, 2, before, after)).not.toThrow();
  });

  test('a snapshot with another configuration than at its index', () => {
    const changed = (): SyntheticCluster => cluster().reconfigures(1, 2, three, four);
    expect(() => changed().snapshots(1, 1, 1, three).snapshots(2, 2, 2, four)).not.toThrow();
    expect(() => changed().snapshots(1, 2, 2, three)).toThrow(
      /^one-configuration-history: the snapshot of n1 of group 1 at 2 says voters 1 2 3, and the change at 2 had made voters 1 2 3 4/,
    );
    const snapshot = { index: 2, term: 2, confState: three, data: new Uint8Array(0) };
    expect(() => changed().sends(1, { type: MessageType.Snap, to: 2, term: 2, snapshot })).toThrow(
      /^one-configuration-history: the snapshot that/,
    );
  });
});
