import { type AdmissionRequest, EMPTY_TOPOLOGY, initialRoutingTable, type NodeInfo, withNode } from '@flotilla/routing';
import { describe, expect, test } from 'vitest';
import { applyMetadata } from './apply-metadata.js';
import type { ClusterChange, MetadataEntry } from './metadata-entry.js';
import type { MetadataResult } from './metadata-result.js';
import { decodeMetadataState, EMPTY_METADATA, encodeMetadataState, type MetadataState } from './metadata-state.js';

const incarnationOf = (node: number) => node.toString(16).padStart(16, '0');

const founder: NodeInfo = {
  id: 1,
  name: undefined,
  addresses: ['mem://n1:1'],
  state: 'active',
  incarnation: incarnationOf(1),
  voter: true,
  versions: { min: 1, max: 1 },
  spkiPins: [],
};

const found: MetadataEntry = {
  kind: 'found',
  clusterId: '00'.repeat(16),
  replicationFactor: 3,
  topology: withNode(EMPTY_TOPOLOGY, founder),
  routing: initialRoutingTable({ nodes: [1], dataGroups: 2, replicationFactor: 3 }),
};

/** A log of group 0 and what it made. */
class Log {
  state: MetadataState = EMPTY_METADATA;
  term = 1;
  #index = 0;

  apply(entry: MetadataEntry): MetadataResult | Error {
    this.#index += 1;
    const { state, result } = applyMetadata(this.state, entry, { index: this.#index, term: this.term });
    this.state = state;
    return result;
  }

  change(change: ClusterChange): MetadataResult | Error {
    return this.apply(change);
  }

  admit(node: number, more: Partial<AdmissionRequest> = {}, learnerOf: readonly number[] = []): MetadataResult | Error {
    const request = {
      id: 0,
      name: undefined,
      addresses: [`mem://n${node}:1`],
      incarnation: incarnationOf(node),
      voter: true,
      versions: { min: 1, max: 1 },
      spkiPins: [],
      ...more,
    };
    return this.change({ kind: 'topology', change: { kind: 'admit', request, learnerOf } });
  }

  activate(node: number): void {
    this.change({ kind: 'topology', change: { kind: 'activate', node, incarnation: incarnationOf(node) } });
  }

  report(
    group: number,
    confIndex: number,
    voters: readonly number[],
    learners: readonly number[] = [],
  ): MetadataResult | Error {
    return this.change({ kind: 'membership', membership: { group, incarnation: 0, confIndex, voters, learners } });
  }

  targets(): (readonly number[])[] {
    return [...this.state.targets.values()].map(({ voters }) => voters);
  }
}

function founded(): Log {
  const log = new Log();
  log.apply({ kind: 'epoch-bump', node: 1 });
  log.apply(found);
  return log;
}

describe('the cluster epoch', () => {
  test('is bumped once for each term, however often the bump was proposed', () => {
    const log = new Log();
    log.apply({ kind: 'epoch-bump', node: 1 });
    log.apply({ kind: 'epoch-bump', node: 1 });
    expect(log.state.epoch).toBe(1);
    log.term = 2;
    log.apply({ kind: 'epoch-bump', node: 1 });
    expect(log.state.epoch).toBe(2);
    log.term = 7;
    log.apply({ kind: 'epoch-bump', node: 2 });
    expect(log.state).toMatchObject({ epoch: 3, epochTerm: 7 });
  });
});

describe('founding', () => {
  test('makes the cluster; the same again changes nothing; another one is refused', () => {
    const log = founded();
    expect(log.state.clusterId).toBe('00'.repeat(16));
    expect(log.targets()).toEqual([[1], [1], [1]]);
    log.admit(2);
    const before = log.state;
    expect(log.apply(found)).toMatchObject({ node: 0 });
    expect(log.state.topology).toBe(before.topology);
    expect(log.apply({ ...found, clusterId: 'ff'.repeat(16) } as MetadataEntry)).toMatchObject({
      code: 'WrongCluster',
    });
  });

  test('before it nothing else is accepted, and nothing is half-applied', () => {
    const log = new Log();
    expect(log.admit(2)).toMatchObject({ code: 'NotReady' });
    expect(log.state).toEqual({ ...EMPTY_METADATA, index: 1 });
  });
});

describe('placement at join', () => {
  test('five nodes at once: group 0 takes all five, data groups only three', () => {
    const log = founded();
    for (const node of [2, 3, 4, 5]) expect(log.admit(node)).toMatchObject({ node });
    expect(log.targets()).toEqual([
      [1, 2, 3, 4, 5],
      [1, 2, 3],
      [1, 2, 3],
    ]);
    log.admit(6);
    expect(log.targets()).toEqual([
      [1, 2, 3, 4, 5],
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  test('a retry of the same incarnation is the same node; ids are never used again', () => {
    const log = founded();
    expect(log.admit(2)).toMatchObject({ node: 2 });
    expect(log.admit(2)).toMatchObject({ node: 2 });
    expect(log.state.topology.nodes.size).toBe(2);
    expect(log.admit(3, { id: 2 })).toMatchObject({ code: 'NodeIdCollision' });
    expect(log.admit(9, { id: 2, addresses: ['mem://n2:1'] })).toMatchObject({ code: 'UnknownIncarnation' });
    expect(log.admit(3)).toMatchObject({ node: 3 });
  });

  test('a node that never votes learns group 0 and the groups that it names, and counts for no factor', () => {
    const log = founded();
    log.admit(2, { voter: false }, [2, 99]);
    log.admit(3);
    log.admit(4);
    expect(log.targets()).toEqual([
      [1, 3, 4],
      [1, 3, 4],
      [1, 3, 4],
    ]);
    expect([...log.state.targets.values()].map(({ learners }) => learners)).toEqual([[2], [], [2]]);
    log.activate(2);
    expect(log.state.topology.nodes.get(2)?.state).toBe('learner');
  });

  test('an address belongs to the node that came last', () => {
    const log = founded();
    log.admit(2);
    log.admit(3, { addresses: ['mem://n2:1'] });
    expect(log.state.topology.nodes.get(2)?.addresses).toEqual([]);
    log.admit(2, { addresses: ['mem://n2:2'] });
    expect(log.state.topology.nodes.get(2)?.addresses).toEqual(['mem://n2:2']);
  });

  test('a reserved id is given to nobody else', () => {
    const log = founded();
    expect(log.change({ kind: 'topology', change: { kind: 'reserve', node: 0 } })).toMatchObject({ node: 2 });
    expect(log.change({ kind: 'topology', change: { kind: 'reserve', node: 9 } })).toMatchObject({ node: 9 });
    expect(log.change({ kind: 'topology', change: { kind: 'reserve', node: 1 } })).toMatchObject({
      code: 'NodeIdCollision',
    });
    expect(log.admit(10)).toMatchObject({ node: 10 });
    expect(log.admit(2, { id: 2 })).toMatchObject({ node: 2 });
  });
});

describe('reports of memberships', () => {
  test('a lower confIndex is ignored, and so is a group that is not there', () => {
    const log = founded();
    log.report(1, 10, [1, 2]);
    log.report(1, 5, [1]);
    log.report(77, 5, [1]);
    expect(log.state.routing.groups.get(1)).toMatchObject({ confIndex: 10, voters: [1, 2] });
    expect(log.state.routing.groups.has(77)).toBe(false);
  });
});

describe('draining', () => {
  function five(): Log {
    const log = founded();
    for (const node of [2, 3, 4]) {
      log.admit(node);
      log.activate(node);
    }
    return log;
  }
  const drain = (node: number, replacement = 0, reachable: readonly number[] = [1, 2, 3, 4]): ClusterChange => ({
    kind: 'topology',
    change: { kind: 'drain', node, replacement, reachable },
  });

  test('another node takes each replica over, and the node is out only once nothing is left', () => {
    const log = five();
    expect(log.change(drain(2))).toMatchObject({ node: 0 });
    expect(log.targets()).toEqual([
      [1, 3, 4],
      [1, 3, 4],
      [1, 3, 4],
    ]);
    expect(log.state.topology.nodes.get(2)?.state).toBe('draining');
    log.report(1, 5, [1, 2, 3]);
    expect(log.change({ kind: 'topology', change: { kind: 'decommission', node: 2 } })).toMatchObject({
      code: 'InvalidArgument',
    });
    log.report(1, 6, [1, 3, 4]);
    expect(log.change({ kind: 'topology', change: { kind: 'decommission', node: 2 } })).toMatchObject({ node: 0 });
    expect(log.state.topology.nodes.get(2)?.state).toBe('decommissioned');
    expect(log.admit(2)).toMatchObject({ code: 'NodeIdCollision' });
  });

  test('a replacement takes the place in every group', () => {
    const log = five();
    log.admit(5);
    log.activate(5);
    log.change(drain(3, 5, [1, 2, 4, 5]));
    expect(log.targets()).toEqual([
      [1, 2, 4, 5],
      [1, 2, 5],
      [1, 2, 5],
    ]);
  });

  test('a node that was joining meanwhile takes the place that was left empty once it is active', () => {
    const log = founded();
    for (const node of [2, 3, 4, 5]) {
      log.admit(node);
      log.activate(node);
    }
    log.admit(6);
    log.change(drain(2, 0, [1, 3, 4, 5, 6]));
    expect(log.targets()[0]).toEqual([1, 3, 4, 5]);
    log.activate(6);
    expect(log.targets()[0]).toEqual([1, 3, 4, 5, 6]);
  });

  test('a refused drain changes nothing', () => {
    const log = five();
    const before = log.state;
    expect(log.change(drain(2, 0, [1, 2]))).toMatchObject({ code: 'UnsafeMembershipChange' });
    expect(log.change(drain(77))).toMatchObject({ code: 'InvalidArgument' });
    expect({ ...log.state, index: before.index }).toEqual(before);
  });
});

describe('a batch', () => {
  test('does all of its changes, or none', () => {
    const log = founded();
    const report = (group: number, voters: readonly number[]): ClusterChange => ({
      kind: 'membership',
      membership: { group, incarnation: 0, confIndex: 4, voters, learners: [] },
    });
    expect(log.apply({ kind: 'batch', changes: [report(1, [1, 2]), report(2, [1, 3])] })).toMatchObject({ node: 0 });
    expect(log.state.routing.groups.get(2)?.voters).toEqual([1, 3]);
    const bad: ClusterChange = { kind: 'routing', change: { kind: 'move-vshard', vshard: 5, group: 99 } };
    const good: ClusterChange = { kind: 'routing', change: { kind: 'move-vshard', vshard: 4, group: 2 } };
    expect(log.apply({ kind: 'batch', changes: [good, bad] })).toMatchObject({ code: 'InvalidArgument' });
    expect(log.state.routing.vshards[4]).toBe(1);
    log.apply({ kind: 'batch', changes: [good] });
    expect(log.state.routing.vshards[4]).toBe(2);
  });
});

describe('versions', () => {
  test('of topology and routing only grow, and the byte form keeps all', () => {
    const log = founded();
    let last = log.state;
    for (const step of [
      () => log.admit(2),
      () => log.report(1, 3, [1], [2]),
      () => log.report(1, 4, [1, 2]),
      () => log.activate(2),
    ]) {
      step();
      expect(log.state.topology.version).toBeGreaterThanOrEqual(last.topology.version);
      expect(log.state.routing.version).toBeGreaterThanOrEqual(last.routing.version);
      expect(decodeMetadataState(encodeMetadataState(log.state))).toEqual(log.state);
      last = log.state;
    }
  });

  describe('keys on record', () => {
    const [one, two] = ['11'.repeat(32), '22'.repeat(32)];
    const pin = (log: Log, node: number, add: readonly string[], remove: readonly string[] = []) =>
      log.change({ kind: 'topology', change: { kind: 'pin', node, add, remove } });
    const pinsOf = (log: Log, node: number) => log.state.topology.nodes.get(node)?.spkiPins;

    test('a key is added, then the former one removed; the same again changes nothing', () => {
      const log = founded();
      pin(log, 1, [one]);
      pin(log, 1, [two]);
      expect(pinsOf(log, 1)).toEqual([one, two]);
      const { version } = log.state.topology;
      pin(log, 1, [two], ['33'.repeat(32)]);
      expect(log.state.topology.version).toBe(version);
      pin(log, 1, [], [one]);
      expect(pinsOf(log, 1)).toEqual([two]);
      pin(log, 1, [one], [two]);
      expect(pinsOf(log, 1)).toEqual([one]);
    });

    test('the last key stays, at most eight are kept, and an unknown node has none', () => {
      const log = founded();
      pin(log, 1, [one]);
      expect(pin(log, 1, [], [one])).toMatchObject({ code: 'InvalidArgument' });
      const many = Array.from({ length: 8 }, (_, place) => `${place}f`.repeat(32));
      expect(pin(log, 1, many)).toMatchObject({ code: 'InvalidArgument' });
      expect(pin(log, 7, [one])).toMatchObject({ code: 'InvalidArgument' });
      expect(pinsOf(log, 1)).toEqual([one]);
    });
  });
});
