import { describe, expect, test } from 'vitest';
import { ClusterEpoch } from './cluster-epoch.js';
import { MetadataVersions } from './metadata-versions.js';
import { OneCluster } from './one-cluster.js';
import { ReadyOnce } from './ready-once.js';
import { SyntheticCluster } from './testdata/synthetic-cluster.js';

describe('cluster epoch', () => {
  const cluster = (): SyntheticCluster => new SyntheticCluster(new ClusterEpoch()).opened();
  const bumped = (c: SyntheticCluster, node: number, epoch: number, life = 1): SyntheticCluster =>
    c.observe({ kind: 'cluster-event', node: `n${node}`, life, event: { name: 'epoch.bumped', epoch } });

  test('one for each acquisition, told twice or late', () => {
    expect(() => bumped(bumped(bumped(bumped(cluster(), 1, 1), 1, 1), 2, 3), 3, 2)).not.toThrow();
  });

  test('two acquisitions of one epoch, by two nodes or two lives', () => {
    expect(() => bumped(bumped(cluster(), 1, 1), 2, 1)).toThrow(
      /^cluster-epoch: life 1 of n2 acquired epoch 1, which life 1 of n1 had/,
    );
    expect(() => bumped(bumped(cluster(), 1, 1), 1, 1, 2)).toThrow(/^cluster-epoch: life 2 of n1/);
  });

  test('the mark of a node falls in a life; a restart may have lost it', () => {
    const c = cluster().polls(1, { epoch: 3 }).polls(1, { epoch: 3 });
    expect(() => c.polls(1, { epoch: 2 })).toThrow(/^cluster-epoch: the epoch that n1 has seen fell from 3 to 2/);
    expect(() => c.restarts(1).polls(1, { epoch: 1 })).not.toThrow();
  });
});

describe('ready once', () => {
  const phases =
    (...names: readonly ('starting' | 'joining' | 'restarting' | 'ready' | 'failed' | 'stopping')[]) =>
    () => {
      const c = new SyntheticCluster(new ReadyOnce()).starts(1);
      for (const phase of names) {
        c.observe({
          kind: 'cluster-event',
          node: 'n1',
          life: 1,
          event: { name: 'lifecycle.changed', phase, detail: '' },
        });
      }
    };

  test('from a start to an end', () => {
    expect(phases('joining', 'joining', 'ready', 'ready', 'stopping')).not.toThrow();
    expect(phases('restarting', 'ready', 'failed', 'stopping')).not.toThrow();
  });

  test('ready no more, ready again, ready from nothing', () => {
    expect(phases('joining', 'ready', 'joining')).toThrow(/^ready-once: n1 was ready, and now it is joining/);
    expect(phases('restarting', 'failed', 'ready')).toThrow(/^ready-once: n1 was failed/);
    expect(phases('ready')).toThrow(/^ready-once: n1 was starting/);
  });
});

describe('versions of metadata', () => {
  const cluster = (): SyntheticCluster => new SyntheticCluster(new MetadataVersions()).opened();

  test('move on together, and may be old after a restart', () => {
    const c = cluster()
      .polls(1, { metadataIndex: 5, topologyVersion: 2 })
      .polls(1, { metadataIndex: 7, topologyVersion: 3 });
    expect(() => c.restarts(1).polls(1, { metadataIndex: 5, topologyVersion: 2 })).not.toThrow();
  });

  test.each(['metadataIndex', 'topologyVersion', 'routingVersion'] as const)('%s falls', (field) => {
    const c = cluster().polls(1, { metadataIndex: 5, topologyVersion: 5, routingVersion: 5 });
    const next = { metadataIndex: 6, topologyVersion: 6, routingVersion: 6, [field]: 4 };
    expect(() => c.polls(1, next)).toThrow(/^metadata-versions: n1 knew topology 5 and routing 5 at index 5/);
  });

  test('two nodes know different things of one index', () => {
    const c = cluster().polls(1, { metadataIndex: 5, routingVersion: 2 });
    expect(() => c.polls(2, { metadataIndex: 5, routingVersion: 3 })).toThrow(
      /^metadata-versions: n2 knows .* routing 3 at index 5, and elsewhere/,
    );
  });
});

describe('one cluster', () => {
  const cluster = (): SyntheticCluster => new SyntheticCluster(new OneCluster()).opened();

  test('all belong to it, or to none yet', () => {
    expect(() => cluster().polls(1, {}).polls(2, { clusterId: null, id: 0 }).polls(2, {}).polls(3, {})).not.toThrow();
  });

  test('two clusters from one list of seeds', () => {
    expect(() =>
      cluster()
        .polls(1, {})
        .polls(2, { clusterId: 'f'.repeat(32) }),
    ).toThrow(/^one-cluster: n2 belongs to cluster ffff/);
  });

  test('two nodes of one id', () => {
    expect(() => cluster().polls(1, {}).polls(2, { id: 1 })).toThrow(/^one-cluster: n2 and n1 are both node 1/);
  });
});
