import { Prng } from '@flotilla/runtime/virtual';
import { describe, expect, test } from 'vitest';
import { ObservedCluster } from '../observation/observed-cluster.js';
import { ObservedGroup } from '../observation/observed-group.js';
import { ObservedMachine } from '../observation/observed-machine.js';
import { drawCore, insufficiency } from './core.js';

/** Machines n1, n2, … with nodes 1, 2, …, and a group of the voters given, one configuration after another. */
function observed(
  machines: number,
  ...configurations: readonly (readonly number[] | readonly number[][])[]
): ObservedCluster {
  const cluster = new ObservedCluster();
  for (let id = 1; id <= machines; id++) {
    const machine = new ObservedMachine(`n${id}`);
    machine.nodeId = id;
    cluster.machines.set(machine.name, machine);
  }
  const group = new ObservedGroup(1);
  for (const [at, halves] of configurations.entries()) {
    const [voters = [], votersOutgoing = []] = (Array.isArray(halves[0]) ? halves : [halves]) as number[][];
    const configuration = { voters, votersOutgoing, learners: [], learnersNext: [], autoLeave: false };
    group.configurations.add({ index: at + 1, configuration });
  }
  cluster.groups.set(1, group);
  return cluster;
}

describe('a part of a cluster that can do without the rest', () => {
  test('has a majority of the voters', () => {
    const cluster = observed(5, [1, 2, 3, 4, 5]);
    expect(insufficiency(cluster, ['n1', 'n3', 'n5'])).toBeUndefined();
    expect(insufficiency(cluster, ['n1', 'n3'])).toBe('group 1 needs a majority of 1 2 3 4 5, and there are 1 3');
  });

  test('has a majority of both halves of a joint configuration', () => {
    const cluster = observed(5, [
      [1, 2, 3],
      [3, 4, 5],
    ]);
    expect(insufficiency(cluster, ['n1', 'n2', 'n3'])).toContain('3 4 5');
    expect(insufficiency(cluster, ['n1', 'n3', 'n4'])).toBeUndefined();
  });

  test('has a majority of the configuration before the newest too, for one may not have applied that', () => {
    const cluster = observed(4, [1, 2], [1, 2, 3], [1, 2, 4]);
    expect(insufficiency(cluster, ['n1', 'n4'])).toContain('1 2 3');
    expect(insufficiency(cluster, ['n1', 'n2'])).toBeUndefined();
  });

  test('counts a machine as the node that it is now, and a node whose disk is gone as nobody', () => {
    const cluster = observed(3, [1, 2, 3]);
    const wiped = cluster.machines.get('n2');
    if (wiped !== undefined) wiped.nodeId = 7;
    expect(insufficiency(cluster, ['n1', 'n2'])).toContain('there are 1 7');
  });

  test('is drawn by chance, is sufficient, and leaves others out; there is none where all together are too few', () => {
    const cluster = observed(5, [1, 2, 3, 4, 5]);
    const names = [...cluster.machines.keys()];
    const cores = Array.from({ length: 50 }, (_, seed) => drawCore(cluster, names, new Prng(seed)));
    for (const core of cores) {
      expect(core && insufficiency(cluster, core.inside)).toBeUndefined();
      expect([...(core?.inside ?? []), ...(core?.outside ?? [])].toSorted()).toEqual(names);
    }
    expect(new Set(cores.map((core) => core?.inside.join())).size).toBeGreaterThan(8);
    expect(cores.filter((core) => core?.outside.length === 2).length).toBeGreaterThan(25);
    expect(drawCore(observed(2, [1, 2, 3, 4]), ['n1', 'n2'], new Prng(1))).toBeUndefined();
  });
});
