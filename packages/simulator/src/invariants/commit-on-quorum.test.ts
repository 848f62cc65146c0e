import { TraceKind } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { CommitOnQuorum } from './commit-on-quorum.js';
import { conf, SyntheticCluster } from './testdata/synthetic-cluster.js';

function cluster(): SyntheticCluster {
  const c = new SyntheticCluster(new CommitOnQuorum()).opened().elects(1, 2);
  c.proposes(1);
  return c;
}

describe('commit on a quorum', () => {
  test('what is durable on a majority, the leader itself included or not', () => {
    expect(() => cluster().replicates(1, [2]).commits(1, 2)).not.toThrow();
    const without = cluster();
    without.takes(2, ...without.replica(1).log.entries).takes(3, ...without.replica(1).log.entries);
    for (const node of [2, 3]) without.writes(node, { entries: without.replica(1).log.entries });
    expect(() => without.commits(1, 2)).not.toThrow();
  });

  test('what only the leader has', () => {
    expect(() => cluster().replicates(1, []).commits(1, 2)).toThrow(
      /^commit-on-quorum: .* commits entry 2, and only 1 of 1 2 3 hold it durably/,
    );
  });

  test('what is in memory everywhere, and on one disk', () => {
    const c = cluster().replicates(1, []);
    for (const node of [2, 3]) {
      c.takes(node, ...c.replica(1).log.entries);
      c.hands(node, { entries: c.replica(1).log.entries });
    }
    expect(() => c.commits(1, 2)).toThrow(/^commit-on-quorum: .* only 1 of 1 2 3/);
  });

  test('figure 8: an entry of an earlier term on a majority is not committed by counting', () => {
    const c = cluster().replicates(1, [2]);
    c.elects(3, 3, [1]).elects(1, 4, [2]);
    expect(() => c.commits(1, 2)).toThrow(
      /^commit-on-quorum: .* commits up to 2, where its log has an entry of term 2/,
    );
  });

  test('both halves of a joint configuration', () => {
    const joint = conf([1, 2, 3], { votersOutgoing: [1, 4, 5] });
    const c = cluster().replicates(1).traces(1, { kind: TraceKind.ConfigurationSwitched, configuration: joint });
    expect(() => c.commits(1, 2)).toThrow(/^commit-on-quorum: .* only 1 of 1 4 5/);
  });

  test('a snapshot holds what it replaced, and a wiped disk held what it had', () => {
    const c = cluster().replicates(1).commits(1, 2).commits(2, 2).snapshots(2, 2);
    c.proposes(1);
    c.replicates(1, [2]).ends(2, 'wiped');
    expect(() => c.commits(1, 3)).not.toThrow();
  });

  test('a follower that says more to be committed than any leader', () => {
    const c = cluster().replicates(1).commits(1, 1);
    expect(() => c.commits(2, 1).commits(2, 2)).toThrow(
      /^commit-on-quorum: .* holds all up to 2 to be committed, and no leader committed more than 1/,
    );
  });
});
