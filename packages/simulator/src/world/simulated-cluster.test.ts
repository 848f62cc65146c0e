import { utf8Encode } from '@flotilla/bytes';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import { describe, expect, test } from 'vitest';
import { misplacement } from '../liveness/placement.js';
import { unrest } from '../liveness/rest.js';
import { serves } from '../liveness/service.js';
import type { Observation } from '../observation/observation.js';
import { Story } from '../story/story.js';
import { Counter } from '../testdata/counter.js';
import { SimulatedCluster } from './simulated-cluster.js';

interface Watched {
  readonly cluster: SimulatedCluster;
  readonly observations: Observation[];
  readonly crashes: Error[];
}

/** Three machines at rest. */
async function started(seed: number, nodes = 3): Promise<Watched> {
  const world = new VirtualWorld({ seed });
  const observations: Observation[] = [];
  const crashes: Error[] = [];
  const cluster = new SimulatedCluster({
    world,
    seed,
    nodes,
    config: { numGroups: 2, tickMs: 100, heartbeatMs: 100, electionTimeoutMs: 1_000, compaction: { entries: 10 } },
    segmentBytes: 16_384,
    latency: 1,
    diskLatencyMs: undefined,
    clock: () => ({}),
    application: { open: () => ({ stateMachine: () => new Counter() }) },
    observer: { observe: (observation) => observations.push(observation) },
    story: new Story({ now: () => world.now(), kept: false }),
    onCrash: (error) => crashes.push(error),
  });
  cluster.background('start', cluster.start());
  await rest(cluster);
  return { cluster, observations, crashes };
}

async function rest(cluster: SimulatedCluster): Promise<void> {
  const why = (): string | undefined =>
    unrest(cluster, [...cluster.nodes.values()]) ??
    misplacement(cluster, 3) ??
    (cluster.operator.lost.size > 0 ? 'lost' : undefined);
  for (let look = 0; look < 200 && why() !== undefined; look++) await cluster.world.advance(1_000);
  expect(why()).toBeUndefined();
}

async function add(cluster: SimulatedCluster, group: number, amount: number): Promise<void> {
  const leader = cluster.leader(group)?.node;
  await cluster.world.settle(
    leader?.proposeToGroup(group, Uint8Array.of(amount)) ?? Promise.reject(new Error('no leader')),
  );
}

function totals(cluster: SimulatedCluster, group: number): number[] {
  return [...cluster.nodes.values()].map(({ node }) => (node.stateMachine(group) as Counter).total);
}

function ends(observations: readonly Observation[]): string[] {
  return observations.flatMap((each) => (each.kind === 'node-ended' ? [`${each.node} ${each.life} ${each.how}`] : []));
}

describe('a simulated cluster', () => {
  test('a process that is killed starts again over its disk, in a new life', async () => {
    const { cluster, observations } = await started(1);
    await add(cluster, 1, 5);
    const node = cluster.node('n2');
    const id = node.nodeId;
    node.kill();
    expect([node.state, node.isUp, node.nodeId, node.runtime]).toEqual(['down', false, id, undefined]);
    expect(() => node.node).toThrow('n2 is down');
    await add(cluster, 1, 2);
    cluster.background('start', node.start());
    await rest(cluster);
    expect([node.life, node.nodeId]).toEqual([2, id]);
    expect(totals(cluster, 1)).toEqual([7, 7, 7]);
    expect(ends(observations)).toEqual(['n2 1 killed']);
  });

  test('a process that stands still is caught up with when it goes on', async () => {
    const { cluster } = await started(2);
    cluster.node('n3').pause();
    await add(cluster, 2, 4);
    await cluster.world.advance(10_000);
    expect((cluster.node('n3').node.stateMachine(2) as Counter).total).toBe(0);
    cluster.node('n3').resume();
    await rest(cluster);
    expect(totals(cluster, 2)).toEqual([4, 4, 4]);
  });

  test('a machine that loses its disk joins anew, under another id, in the place of the node that it was', async () => {
    const { cluster, observations, crashes } = await started(3);
    await add(cluster, 1, 9);
    const before = cluster.node('n1').nodeId;
    expect(cluster.operator.canLose('n1')).toBe(true);
    cluster.operator.replace('n1');
    expect(cluster.operator.canLose('n2')).toBe(false);
    expect(cluster.node('n1').nodeId).toBeUndefined();
    await rest(cluster);
    expect(cluster.node('n1').nodeId).not.toBe(before);
    expect(totals(cluster, 1)).toEqual([9, 9, 9]);
    expect(ends(observations)).toEqual(['n1 1 killed', 'n1 1 wiped']);
    expect(crashes).toEqual([]);
    expect(cluster.operator.canLose('n2')).toBe(true);
  });

  test('the disk of the only machine, or of one of two, may not be lost', async () => {
    const { cluster } = await started(4, 1);
    expect(cluster.operator.canLose('n1')).toBe(false);
    const two = await started(4, 2);
    expect(two.cluster.operator.canLose('n1')).toBe(false);
  });

  test('a disk that no fault has touched and that is found corrupt is a violation, no work for the operator', async () => {
    const { cluster, crashes } = await started(5);
    const node = cluster.node('n2');
    node.kill();
    const path = node.disk.files.paths().find((each) => each.includes('catalog/')) ?? '';
    node.disk.files.tamper(path, 10, utf8Encode('tampered'));
    cluster.background('start', node.start());
    await cluster.world.advance(5_000);
    expect(crashes.map(({ message }) => message)).toEqual([expect.stringContaining('StorageCorrupt')]);
  });

  test('reads of all replicas, and a command of group 0, are answered by machines at rest', async () => {
    const { cluster } = await started(6);
    await cluster.world.settle(serves(cluster, [...cluster.nodes.values()]));
  });

  test('what is not at rest is named', async () => {
    const { cluster } = await started(7);
    const nodes = [...cluster.nodes.values()];
    cluster.node('n3').kill();
    expect(unrest(cluster, nodes)).toBe('n3 is down');
    expect(misplacement(cluster, 3)).toBe('n3 is no member');
    expect(unrest(cluster, nodes.slice(0, 2))).toBeUndefined();
    cluster.node('n2').kill();
    await cluster.world.advance(10_000);
    expect(unrest(cluster, nodes.slice(0, 1))).toBe('group 0: no leader');
  });

  test('a name is taken once, and one that there is not is refused', async () => {
    const { cluster } = await started(8, 1);
    expect(() => cluster.addMachine('n1')).toThrow('already');
    expect(() => cluster.node('n9')).toThrow('there is no machine n9; there are n1');
    expect(cluster.addMachine().name).toBe('n2');
  });
});
