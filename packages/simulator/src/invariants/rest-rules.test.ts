import { FlotillaError } from '@flotilla/errors';
import { Role } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { GroupsKeepRunning } from './groups-keep-running.js';
import type { Invariant } from './invariant.js';
import { NoStuckGroup } from './no-stuck-group.js';
import { NoZombie } from './no-zombie.js';
import { ReplicationFactor } from './replication-factor.js';
import { change, conf, SyntheticCluster } from './testdata/synthetic-cluster.js';

/** At rest: the first leads, and all have applied a change of membership that made the three voters. */
function rested(invariant: Invariant, configuration = conf([1, 2, 3])): SyntheticCluster {
  const c = new SyntheticCluster(invariant).opened().elects(1, 2).takes(1, change(2, 2)).replicates(1);
  for (const node of [1, 2, 3])
    c.commits(node, 2)
      .applies(node, 1)
      .reconfigures(node, 2, conf([1, 2]), configuration);
  return c;
}

describe('no zombie', () => {
  test('every member runs its replica, and nobody else', () => {
    expect(() => rested(new NoZombie()).settled()).not.toThrow();
  });

  test('a node that was removed runs on', () => {
    expect(() => rested(new NoZombie(), conf([1, 2])).settled()).toThrow(
      /^no-zombie: node 3 on n3 runs a replica of group 1, which has voters 1 2/,
    );
  });

  test('a member that holds no replica; one that is outside of the core', () => {
    const c = rested(new NoZombie());
    c.observe({ kind: 'group-dropped', replica: c.id(3) });
    expect(() => c.settled(['n1', 'n2'])).not.toThrow();
    expect(() => c.settled()).toThrow(/^no-zombie: node 3 on n3 runs no replica of group 1/);
  });
});

describe('no stuck group', () => {
  test('at rest', () => {
    expect(() => rested(new NoStuckGroup()).settled()).not.toThrow();
  });

  test('without a leader', () => {
    expect(() => rested(new NoStuckGroup()).role(1, Role.Follower, 3).settled()).toThrow(
      /^no-stuck-group: group 1 has no leader/,
    );
  });

  test('with entries that are not committed, or not applied', () => {
    const c = rested(new NoStuckGroup());
    c.proposes(1);
    expect(() => c.settled()).toThrow(/^no-stuck-group: .* has committed 2 of a log that ends at 3/);
    c.replicates(1).commits(1, 3).applies(1, 3);
    expect(() => c.settled()).toThrow(/^no-stuck-group: group 1 on n2 .* shows all up to 2, and 3 is committed/);
    expect(() => c.settled(['n1'])).not.toThrow();
  });

  test('with a replica that follows nobody, or has stopped', () => {
    const c = rested(new NoStuckGroup());
    c.observe({ kind: 'group-stopped', replica: c.id(2), error: new Error('broken') });
    expect(() => c.settled()).toThrow(/^no-stuck-group: group 1 on n2 .* has stopped: broken/);
    expect(() => rested(new NoStuckGroup()).role(3, Role.PreCandidate, 1).settled()).toThrow(
      /does not follow the leader of term 2/,
    );
  });

  test('in a joint configuration', () => {
    const joint = conf([1, 2, 3], { votersOutgoing: [1, 2] });
    expect(() => rested(new NoStuckGroup(), joint).settled()).toThrow(
      /^no-stuck-group: group 1 stays in a joint configuration/,
    );
  });
});

describe('groups keep running', () => {
  const stops = (error: Error) => () => {
    const c = rested(new GroupsKeepRunning());
    c.observe({ kind: 'group-stopped', replica: c.id(2), error });
  };

  test('a throw stops one', () => {
    expect(stops(new Error('a bug'))).toThrow(/^groups-keep-running: group 1 on n2 .* stopped: Error: a bug/);
  });

  test('a damaged disk may', () => {
    const details = { path: 'log', offset: 0, reason: 'rot' };
    expect(stops(new FlotillaError('StorageCorrupt', { message: 'rot', details }))).not.toThrow();
  });
});

describe('replication factor', () => {
  test('as many voters as it says', () => {
    expect(() => rested(new ReplicationFactor()).polls(1, { replicationFactor: 3 }).settled()).not.toThrow();
  });

  test('more', () => {
    const c = rested(new ReplicationFactor(), conf([1, 2, 3, 4])).polls(1, { replicationFactor: 3 });
    expect(() => c.settled()).toThrow(
      /^replication-factor: group 1 has settled at voters 1 2 3 4, and 3 voters are the most/,
    );
  });

  test('more only on the way', () => {
    const c = rested(new ReplicationFactor(), conf([1, 2, 3, 4])).polls(1, { replicationFactor: 3 });
    c.takes(1, change(2, 3))
      .replicates(1)
      .commits(1, 3)
      .reconfigures(1, 3, conf([1, 2, 3, 4]), conf([1, 2, 4]));
    expect(() => c.settled()).not.toThrow();
  });
});
