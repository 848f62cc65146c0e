import { describe, expect, test } from 'vitest';
import { ClusterWorld, type ClusterWorldNode } from './world/cluster-world.js';

/** Longer than this no group may be without a leader: an election timeout of silence, and the random part of another. */
const FAILOVER_MS = 1_500;

interface Idle {
  readonly world: ClusterWorld;
  readonly nodes: readonly ClusterWorldNode[];
  readonly groups: readonly number[];
}

function allQuiescent(world: ClusterWorld): boolean {
  return world.running.every(({ node }) => node.groupStatuses().every(({ quiescent }) => quiescent));
}

/** Three nodes with three data groups and group 0, of which no clock runs. */
async function idle(seed = 1): Promise<Idle> {
  const world = new ClusterWorld({ seed, config: { numGroups: 3 } });
  const nodes = await world.startCluster('a', 'b', 'c');
  await world.until(() => world.settled(3) && (world.leader(0)?.node.groupStatus(0).members.length ?? 0) === 3);
  await world.until(() => allQuiescent(world));
  await world.virtual.advance(10_000);
  await world.until(() => allQuiescent(world));
  return { world, nodes, groups: [0, 1, 2, 3] };
}

function terms({ world, groups }: Idle): number[] {
  return groups.map((group) => Math.max(...world.running.map(({ node }) => node.groupStatus(group).term)));
}

/** The leader of a group in the eyes of at least two of these nodes. */
function followed(nodes: readonly ClusterWorldNode[], group: number): number | undefined {
  const counts = new Map<number, number>();
  for (const { node } of nodes) {
    const leader = node.groupStatus(group).leader ?? 0;
    counts.set(leader, (counts.get(leader) ?? 0) + 1);
  }
  return [...counts].find(([leader, count]) => leader !== 0 && count >= 2)?.[0];
}

function led({ groups }: Idle, node: ClusterWorldNode): number[] {
  return groups.filter((group) => node.node.groupStatus(group).role === 'leader');
}

/** The node that leads group 0, and the others. */
function leaderAndOthers({ world, nodes }: Idle): [ClusterWorldNode, ClusterWorldNode[]] {
  const leader = world.leader(0) as ClusterWorldNode;
  return [leader, nodes.filter((node) => node !== leader)];
}

describe('a cluster in which nothing happens', () => {
  test('stops the clocks of all its groups, and keeps its leaders for ever', async () => {
    const cluster = await idle();
    const before = terms(cluster);
    const turns = (): number =>
      cluster.nodes.reduce((sum, { node }) => {
        const metric = [...node.metrics].find(({ name }) => name === 'flotilla_raft_loop_iterations_total');
        return sum + (metric?.samples[0]?.value ?? Number.NaN);
      }, 0);
    const turned = turns();
    await cluster.world.virtual.advance(600_000);
    expect(allQuiescent(cluster.world)).toBe(true);
    expect(terms(cluster)).toEqual(before);
    expect(turns()).toBe(turned);
  });

  test('serves at once when something is asked of it, wherever', async () => {
    const cluster = await idle();
    const before = terms(cluster);
    for (const { node } of cluster.nodes) await cluster.world.settle(node.readIndex(1));
    const leader = cluster.world.leader(1) as ClusterWorldNode;
    await cluster.world.settle(leader.node.proposeToGroup(1, new Uint8Array([1])));
    await cluster.world.until(() => allQuiescent(cluster.world));
    expect(terms(cluster)).toEqual(before);
  });

  test('a request at a follower wakes the group, whose leader may be gone without anybody having noticed', async () => {
    const cluster = await idle();
    const follower = cluster.nodes.find(({ node }) => node.groupStatus(1).role === 'follower') as ClusterWorldNode;
    const before = terms(cluster);
    await expect(cluster.world.settle(follower.node.proposeToGroup(1, new Uint8Array([1])))).rejects.toMatchObject({
      code: 'NotLeader',
    });
    await cluster.world.virtual.advance(100);
    const clocks = cluster.nodes.map(({ node }) => node.groupStatus(1).quiescent);
    expect(clocks.filter((stands) => !stands)).toHaveLength(3);
    await cluster.world.until(() => allQuiescent(cluster.world));
    expect(terms(cluster)).toEqual(before);
  });

  test('with lease reads every clock runs', async () => {
    const world = new ClusterWorld({ config: { numGroups: 1, leaseReads: true } });
    await world.startCluster('a', 'b', 'c');
    await world.virtual.advance(20_000);
    expect(world.running.some(({ node }) => node.groupStatuses().some(({ quiescent }) => quiescent))).toBe(false);
  });
});

describe('a leader whose process dies', () => {
  test('is followed by another sooner than an election timeout would find out: its address refuses', async () => {
    for (const seed of [1, 2, 3]) {
      const cluster = await idle(seed);
      const [leader, others] = leaderAndOthers(cluster);
      const orphans = led(cluster, leader);
      leader.crash();
      const start = cluster.world.virtual.now();
      const id = (group: number): number | undefined => followed(others, group);
      const gone = orphans.map(id);
      await cluster.world.until(() => orphans.every((group, at) => id(group) !== undefined && id(group) !== gone[at]));
      // 50 ms until the higher id dials, then the random part of a timeout, then an election.
      expect(cluster.world.virtual.now() - start).toBeLessThan(700);
    }
  });

  test('is followed by another also where a group was busy', async () => {
    const cluster = await idle();
    const [leader, others] = leaderAndOthers(cluster);
    await cluster.world.settle(leader.node.metadata.propose(new Uint8Array([1])));
    expect(leader.node.groupStatus(0).quiescent).toBe(false);
    const gone = leader.node.nodeId;
    leader.crash();
    const start = cluster.world.virtual.now();
    await cluster.world.until(() => others.some(({ node }) => node.groupStatus(0).role === 'leader'));
    expect(cluster.world.virtual.now() - start).toBeLessThan(700);
    expect(followed(others, 0)).not.toBe(gone);
  });

  test('is followed by another when its machine just falls silent', async () => {
    const cluster = await idle();
    const [leader, others] = leaderAndOthers(cluster);
    const orphans = led(cluster, leader);
    leader.runtime.halt();
    cluster.world.network.crash(leader.name, { peers: 'silence' });
    leader.running = undefined;
    const start = cluster.world.virtual.now();
    await cluster.world.until(() =>
      orphans.every((group) => others.some(({ node }) => node.groupStatus(group).role === 'leader')),
    );
    expect(cluster.world.virtual.now() - start).toBeLessThan(FAILOVER_MS);
  });

  test('and starts again before anybody noticed, is not waited for', async () => {
    const cluster = await idle();
    const [leader, others] = leaderAndOthers(cluster);
    const orphans = led(cluster, leader);
    leader.runtime.halt();
    // The others still hold their connections to the former life.
    cluster.world.network.crash(leader.name, { peers: 'silence' });
    leader.files = leader.files.crash('process');
    await leader.start();
    await cluster.world.until(
      () =>
        orphans.every((group) => cluster.world.leader(group) !== undefined && followed(others, group) !== undefined),
      FAILOVER_MS,
    );
    await cluster.world.until(() => allQuiescent(cluster.world));
  });
});

describe('a leader that lives', () => {
  test('is not deposed because connections are reset, and no group is woken for long', async () => {
    for (const seed of [1, 2, 3]) {
      const cluster = await idle(seed);
      const before = terms(cluster);
      const [leader, others] = leaderAndOthers(cluster);
      for (let blip = 0; blip < 5; blip++) {
        for (const other of others) cluster.world.network.breakConnections(leader.name, other.name);
        await cluster.world.virtual.advance(3_000);
      }
      expect(terms(cluster)).toEqual(before);
      await cluster.world.until(() => allQuiescent(cluster.world));
    }
  });

  test('is not deposed because a follower’s process stood still', async () => {
    const cluster = await idle();
    const before = terms(cluster);
    const [, others] = leaderAndOthers(cluster);
    const [slow] = others as [ClusterWorldNode, ClusterWorldNode];
    const ledBySlow = led(cluster, slow);
    for (const pauseMs of [700, 2_000, 4_000]) {
      slow.runtime.pause();
      await cluster.world.virtual.advance(pauseMs);
      slow.runtime.resume();
      await cluster.world.virtual.advance(5_000);
    }
    const after = terms(cluster);
    for (const group of cluster.groups) if (!ledBySlow.includes(group)) expect(after[group]).toBe(before[group]);
    await cluster.world.until(() => allQuiescent(cluster.world));
  });

  test('is deposed when it stands still, and follows when it goes on', async () => {
    const cluster = await idle();
    const [leader, others] = leaderAndOthers(cluster);
    const orphans = led(cluster, leader);
    leader.runtime.pause();
    await cluster.world.until(
      () => orphans.every((group) => others.some(({ node }) => node.groupStatus(group).role === 'leader')),
      FAILOVER_MS,
    );
    await cluster.world.virtual.advance(3_000);
    leader.runtime.resume();
    await cluster.world.until(() =>
      orphans.every((group) => {
        const seen = cluster.nodes.map(({ node }) => node.groupStatus(group).leader);
        return seen[0] !== undefined && seen.every((id) => id === seen[0]);
      }),
    );
    await cluster.world.until(() => allQuiescent(cluster.world));
  });

  test('steps down where it can send and not hear, and where it can hear and not send', async () => {
    for (const deaf of [true, false]) {
      const cluster = await idle();
      const [leader, others] = leaderAndOthers(cluster);
      const orphans = led(cluster, leader);
      for (const { name } of others) {
        if (deaf) cluster.world.network.cut(name, leader.name);
        else cluster.world.network.cut(leader.name, name);
      }
      await cluster.world.until(
        () => orphans.every((group) => others.some(({ node }) => node.groupStatus(group).role === 'leader')),
        4_000,
      );
      await cluster.world.until(
        () => orphans.every((group) => leader.node.groupStatus(group).role !== 'leader'),
        4_000,
      );
      cluster.world.network.restore();
      await cluster.world.until(() => allQuiescent(cluster.world));
    }
  });

  test('leads on while one of two followers can be reached one way only', async () => {
    for (const deaf of [true, false]) {
      const cluster = await idle();
      const [leader, [cutOff]] = leaderAndOthers(cluster) as [ClusterWorldNode, [ClusterWorldNode]];
      const mine = led(cluster, leader);
      const before = terms(cluster);
      const [from, to] = deaf ? [cutOff.name, leader.name] : [leader.name, cutOff.name];
      cluster.world.network.cut(from, to);
      await cluster.world.virtual.advance(30_000);
      expect(mine.map((group) => terms(cluster)[group])).toEqual(mine.map((group) => before[group]));
      cluster.world.network.restore();
      await cluster.world.until(() => allQuiescent(cluster.world));
    }
  });
});

test('who leads a group is not forgotten because its host was silent for a while: it would not be told again', async () => {
  const world = new ClusterWorld({ config: { numGroups: 3 } });
  const nodes = await world.startCluster('a', 'b', 'c', 'd');
  await world.until(() => world.settled(3));
  await world.virtual.advance(20_000);
  const groups = [1, 2, 3];
  for (const watcher of nodes) {
    const known = groups.map((group) => watcher.node.leaderHint(group)?.node);
    expect(known).not.toContain(undefined);
    for (const other of nodes) if (other !== watcher) world.network.clog(other.name, watcher.name);
    await world.virtual.advance(900);
    for (const other of nodes) if (other !== watcher) world.network.release(other.name, watcher.name);
    await world.virtual.advance(10_000);
    for (const { node } of nodes) {
      for (const group of groups) expect(node.leaderHint(group)?.node).toBe(world.leader(group)?.node.nodeId);
    }
  }
});
