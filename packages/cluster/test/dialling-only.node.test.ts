import { utf8Encode } from '@flotilla/bytes';
import { describe, expect, test } from 'vitest';
import { ClusterWorld, type ClusterWorldNode } from './world/cluster-world.js';

type Nodes = [ClusterWorldNode, ClusterWorldNode, ClusterWorldNode];

/** Three servers and a learner of groups 1 and 2 that listens nowhere, as a page does. */
async function withPage(
  options: ConstructorParameters<typeof ClusterWorld>[0] = {},
  learnerGroups?: number[],
): Promise<{ world: ClusterWorld; servers: Nodes; page: ClusterWorldNode }> {
  const world = new ClusterWorld({ ...options, config: { numGroups: 2, ...options.config } });
  const servers = (await world.startCluster('a', 'b', 'c')) as Nodes;
  await world.until(() => world.settled(3));
  const page = world.node('page');
  await startPage(world, page, learnerGroups);
  await world.until(() => servers.every(({ node }) => node.topology().nodes.get(4)?.state === 'learner'));
  return { world, servers, page };
}

async function startPage(world: ClusterWorld, page: ClusterWorldNode, learnerGroups = [1, 2]): Promise<void> {
  const seeds = ['a', 'b', 'c'].map((name) => world.node(name).address);
  await page.start({ listen: [], seeds, voter: false, learnerGroups });
  await world.allReady(page);
}

async function write(world: ClusterWorld, group: number, text: string): Promise<void> {
  const leader = world.leader(group) as ClusterWorldNode;
  await world.settle(leader.node.proposeToGroup(group, utf8Encode(text)));
}

/** What a page and the servers say to each other takes so long, each way. */
function slow(world: ClusterWorld, page: ClusterWorldNode, ms: number): void {
  for (const name of ['a', 'b', 'c']) {
    world.network.setLatency(ms, name, page.name);
    world.network.setLatency(ms, page.name, name);
  }
}

const holds = (node: ClusterWorldNode, group: number, text: string): boolean =>
  node.machines.get(group)?.texts.includes(text) === true;

const isIdle = (node: ClusterWorldNode, group: number): boolean =>
  node.node.groupStatuses().some((status) => status.group === group && status.role === 'leader' && status.quiescent);

describe('a node that dials and cannot be dialled', () => {
  test('joins as a learner, is linked to all servers, advertises nothing, and counts for no quorum', async () => {
    const { world, servers, page } = await withPage();
    expect(page.node.addresses).toEqual([]);
    await write(world, 1, 'for all');
    await world.until(() => holds(page, 1, 'for all'));
    await world.until(() => page.node.status().peers.every(({ connected }) => connected));
    expect(page.node.status().peers.length).toBe(3);
    for (const { node } of servers) {
      expect(node.topology().nodes.get(4)).toMatchObject({ addresses: [], voter: false, state: 'learner' });
      expect(node.status().peers.find(({ id }) => id === 4)).toMatchObject({ connected: true });
    }
    for (const group of [0, 1, 2]) {
      const { members, learners } = (world.leader(group) as ClusterWorldNode).node.groupStatus(group);
      expect([members, learners]).toEqual([[1, 2, 3], [4]]);
    }
    // Two of three servers are a quorum, whether the page is there or not; one and the page are none.
    const [first] = servers.filter((server) => server !== world.leader(1)) as [ClusterWorldNode];
    first.crash();
    await write(world, 1, 'by two of three');
    await world.until(() => holds(page, 1, 'by two of three'));
  });

  test('another that joins is ready, whenever: also when group 0 is about to fall asleep', async () => {
    const { world, page } = await withPage({}, [1]);
    slow(world, page, 10);
    for (let afterMs = 730; afterMs < 790; afterMs += 10) {
      await world.virtual.advance(5_000);
      page.crash();
      await startPage(world, page, [1]);
      await world.virtual.advance(afterMs);
      const other = world.node(`page-${afterMs}`);
      slow(world, other, 25);
      await startPage(world, other, [1]);
      other.crash();
    }
  });

  test('while it is away nobody looks for it, nothing is tried over and over, and idle groups stand still', async () => {
    const { world, servers, page } = await withPage();
    await world.virtual.advance(5_000);
    page.crash();
    await world.virtual.advance(10_000);
    for (const { events } of servers) events.length = 0;
    const versions = servers.map(({ node }) => node.topology().version);
    await world.virtual.advance(3_600_000);
    for (const { events } of servers) expect(events).toEqual([]);
    expect(servers.map(({ node }) => node.topology().version)).toEqual(versions);
    for (const group of [0, 1, 2]) expect(isIdle(world.leader(group) as ClusterWorldNode, group)).toBe(true);
    for (const { node } of servers) {
      expect(node.status().peers.find(({ id }) => id === 4)).toMatchObject({ connected: false });
    }
  });

  test('a new leader of group 0 does not ask it over and over to open what it has open', async () => {
    const { world, servers, page } = await withPage();
    page.crash();
    const old = world.leader(0) as ClusterWorldNode;
    const to = servers.find((server) => server !== old) as ClusterWorldNode;
    await world.settle(old.node.transfer(0, to.node.nodeId));
    await world.until(() => world.leader(0) === to);
    await world.virtual.advance(60_000);
    for (const server of servers) {
      expect(server.eventsNamed('rpc.failed').filter(({ peer }) => peer === 4).length).toBeLessThan(5);
    }
  });

  test('it comes back, and has what was written meanwhile: by the log', async () => {
    const { world, page } = await withPage();
    await write(world, 1, 'before');
    await world.until(() => holds(page, 1, 'before'));
    page.crash();
    await world.virtual.advance(3_600_000);
    await write(world, 1, 'while away');
    await write(world, 2, 'while away');
    await world.virtual.advance(60_000);
    await startPage(world, page);
    await world.until(() => holds(page, 1, 'while away') && holds(page, 2, 'while away'), 5_000);
    expect(page.node.nodeId).toBe(4);
    await write(world, 1, 'after');
    await world.until(() => holds(page, 1, 'after'), 5_000);
    await world.until(() => isIdle(world.leader(1) as ClusterWorldNode, 1), 30_000);
  });

  test('it comes back, and has what was written meanwhile: by a snapshot, where the log is gone', async () => {
    const { world, page } = await withPage({ config: { numGroups: 2, compaction: { entries: 20, bytes: 1_000_000 } } });
    await write(world, 1, 'before');
    page.crash();
    for (let at = 0; at < 100; at++) await write(world, 1, `while away ${at}`);
    await world.until(() => ((world.leader(1) as ClusterWorldNode).node.snapshotMetadata(1)?.index ?? 0) > 80);
    await startPage(world, page);
    await world.until(() => holds(page, 1, 'while away 99') && holds(page, 1, 'before'), 10_000);
    expect(page.machines.get(1)?.restores).toBeGreaterThan(0);
  });

  test('it reloads over and over, faster than anybody notices that it went, and leaders are never disturbed', async () => {
    const { world, servers, page } = await withPage();
    await world.virtual.advance(5_000);
    const terms = servers.flatMap(({ node }) => node.groupStatuses().map(({ term }) => term));
    for (let at = 0; at < 20; at++) {
      page.crash();
      await startPage(world, page);
      await write(world, 1, `reload ${at}`);
      await world.until(() => holds(page, 1, `reload ${at}`), 5_000);
    }
    expect(servers.flatMap(({ node }) => node.groupStatuses().map(({ term }) => term))).toEqual(terms);
    expect(page.node.nodeId).toBe(4);
  });

  test('with its database gone it is another node; the old one is taken out', async () => {
    const { world, servers, page } = await withPage();
    await write(world, 1, 'before');
    page.crash();
    page.wipe();
    await startPage(world, page);
    expect(page.node.nodeId).toBe(5);
    await world.until(() => holds(page, 1, 'before'));
    await world.settle(servers[0].node.members.remove(4));
    await world.until(() => servers.every(({ node }) => node.topology().nodes.get(4)?.state === 'decommissioned'));
    await world.until(() => (world.leader(1) as ClusterWorldNode).node.groupStatus(1).learners.join() === '5');
    await write(world, 1, 'after');
    await world.until(() => holds(page, 1, 'after'));
  });

  test('taken out while it is away, it is told so when it comes back', async () => {
    const { world, servers, page } = await withPage();
    page.crash();
    await world.virtual.advance(10_000);
    await world.settle(servers[1].node.members.remove(4));
    await page.start({ listen: [], seeds: [servers[0].address], voter: false, learnerGroups: [1, 2] });
    await world.until(() => page.node.lifecycle.phase === 'failed', 10_000);
    await expect(page.node.whenReady()).rejects.toMatchObject({ code: 'UnknownIncarnation' });
  });

  test('leaders are spread although a learner comes and goes all the time', async () => {
    const world = new ClusterWorld({ config: { numGroups: 6 } });
    const [a] = (await world.startCluster('a', 'b', 'c')) as Nodes;
    await world.until(() => world.settled(3));
    const page = world.node('page');
    await startPage(world, page);
    a.crash();
    await world.until(() => [...world.leaderCounts().values()].toSorted((x, y) => x - y).join() === '0,3,3', 30_000);
    const comeAndGo = async (times: number): Promise<void> => {
      for (let at = 0; at < times; at++) {
        page.crash();
        await world.virtual.advance(200);
        await startPage(world, page);
        await world.virtual.advance(200);
      }
    };
    await comeAndGo(3);
    await a.start();
    await world.allReady(a);
    await comeAndGo(30);
    for (const [node, count] of world.leaderCounts()) if (node !== page.node.nodeId) expect(count).toBe(2);
  });
});
