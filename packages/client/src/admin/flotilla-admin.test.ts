import { FlotillaError } from '@flotilla/errors';
import type { LaneRequest } from '@flotilla/kv/protocol';
import { describe, expect, test } from 'vitest';
import { FlotillaAdmin } from '../index.js';
import { FakeCluster, type FakeNode, notLeader } from '../testdata/fake-cluster.js';

function report(node: FakeNode): Record<string, unknown> {
  const { nodes, groups } = node.cluster;
  return {
    id: node.id,
    name: `n${node.id}`,
    lifecycle: 'ready',
    addresses: [node.address],
    pid: 100 + node.id,
    groups: groups.map(({ group, leader }) => ({
      group,
      role: leader === node.id ? 'leader' : 'follower',
      leader,
      term: 3,
      commitIndex: 9,
      appliedIndex: 9,
      vshardCount: 512,
      voters: [1, 2, 3],
      learners: [],
    })),
    peers: nodes
      .filter(({ id }) => id !== node.id)
      .map(({ id, address }) => ({ id, name: `n${id}`, state: 'active', addresses: [address] })),
  };
}

async function start(): Promise<{ cluster: FakeCluster; admin: FlotillaAdmin; asked: string[] }> {
  const cluster = await FakeCluster.start();
  const asked: string[] = [];
  for (const node of cluster.nodes) {
    node.lane = (request) => {
      if (request.kind === 'map') return undefined;
      asked.push(`${node.id} ${request.request.op}`);
      return request.request.op === 'nodeStatus' ? report(node) : undefined;
    };
  }
  const admin = FlotillaAdmin.open({ endpoints: ['mem://n1:1'], ...cluster.clientParts() });
  return { cluster, admin, asked };
}

/** Answers changes of members at one node, and a redirect to it at the others. */
function ledBy(cluster: FakeCluster, leader: number, done: LaneRequest[]): void {
  for (const node of cluster.nodes) {
    node.lane = (request) => {
      if (node.id !== leader) throw notLeader(0, leader);
      done.push(request);
      return request.kind === 'admin' && request.request.op === 'membersAdd'
        ? { nodeId: 4, clusterId: 'ab'.repeat(16), seeds: ['mem://n1:1'] }
        : null;
    };
  }
}

describe('an operator', () => {
  test('asks one endpoint, and no other node, for what it says of itself, with what its host adds', async () => {
    const { cluster, admin, asked } = await start();
    const status = await cluster.settle(admin.nodeStatus('mem://n2:1'));
    expect([status.id, status['pid']]).toEqual([2, 102]);
    expect(asked).toEqual(['2 nodeStatus']);
    expect(cluster.node(1).connections.size).toBe(0);
  });

  test('sees all nodes through one endpoint, each once, and those that do not answer with their error', async () => {
    const { cluster, admin } = await start();
    cluster.network.crash('n3');
    const answers = await cluster.settle(admin.statuses());
    expect(answers).toMatchObject([
      { reachable: true, report: { id: 1 } },
      { reachable: true, report: { id: 2 } },
      { reachable: false, id: 3, endpoint: 'mem://n3:1', error: { outcome: 'definite' } },
    ]);
  });

  test('sees groups without a leader', async () => {
    const { cluster, admin } = await start();
    cluster.group(2).leader = 0;
    const groups = await cluster.settle(admin.groups());
    expect(groups.map(({ group, leader }) => [group, leader])).toEqual([
      [1, 1],
      [2, undefined],
    ]);
    expect(groups[0]?.replicas.map(({ node, role }) => [node, role])).toEqual([
      [1, 'leader'],
      [2, 'follower'],
      [3, 'follower'],
    ]);
  });

  test('is told when nobody answers', async () => {
    const { cluster, admin } = await start();
    cluster.network.crash('n1');
    expect(await cluster.failure(admin.groups())).toMatchObject({ outcome: 'definite' });
    expect(await cluster.failure(admin.members.list({ timeoutMs: 500 }))).toMatchObject({
      code: 'Timeout',
      outcome: 'definite',
    });
  });

  test('is led to the leader of group 0 for what changes the cluster, which is asked for once', async () => {
    const { cluster, admin } = await start();
    const done: LaneRequest[] = [];
    ledBy(cluster, 3, done);
    expect((await cluster.settle(admin.members.add())).nodeId).toBe(4);
    await cluster.settle(admin.members.replace(2, 4));
    await cluster.settle(admin.members.remove(1));
    await cluster.settle(admin.members.pin(2, { add: ['ab'.repeat(32)] }));
    await cluster.settle(admin.transfer(1, 2));
    expect(done.map((request) => request.kind === 'admin' && request.request.op)).toEqual([
      'membersAdd',
      'membersReplace',
      'membersRemove',
      'membersPin',
      'transfer',
    ]);
  });

  test('gets a refusal as it is, and no second attempt after an unknown outcome', async () => {
    const { cluster, admin } = await start();
    let requests = 0;
    const refusal = new FlotillaError('UnsafeMembershipChange', {
      message: 'too few',
      details: { node: 1, group: 1, voters: 1, required: 2 },
    });
    cluster.node(1).lane = () => {
      requests++;
      throw refusal;
    };
    expect(await cluster.failure(admin.members.remove(1))).toMatchObject({
      code: 'UnsafeMembershipChange',
      details: refusal.details,
    });
    cluster.node(1).lane = () => {
      requests++;
      cluster.node(1).break();
      return null;
    };
    expect(await cluster.failure(admin.members.remove(1))).toMatchObject({
      code: 'ConnectionClosed',
      outcome: 'unknown',
    });
    expect(requests).toBe(2);
  });

  test('can give up, and is refused what is no number of a node', async () => {
    const { cluster, admin } = await start();
    cluster.node(1).lane = () => new Promise(() => undefined);
    const controller = new AbortController();
    const clock = cluster.world.createRuntime();
    clock.setTimer(50, () => controller.abort('enough'));
    cluster.node(1).script = () => 'ignore';
    cluster.network.clog('n1', 'c1');
    expect(await cluster.failure(admin.members.remove(1, { signal: controller.signal }))).toMatchObject({
      code: 'Aborted',
      outcome: 'unknown',
    });
    expect(await cluster.failure(admin.members.remove(-1))).toMatchObject({ code: 'InvalidArgument' });
    expect(await cluster.failure(admin.transfer(1, 1.5))).toMatchObject({ code: 'InvalidArgument' });
  });

  test('is told of an answer that is none', async () => {
    const { cluster, admin } = await start();
    cluster.node(1).lane = () => ({ id: 'one' });
    expect(await cluster.failure(admin.nodeStatus('mem://n1:1'))).toMatchObject({ code: 'UnexpectedResponse' });
    expect(await cluster.failure(admin.members.list({ timeoutMs: 500 }))).toMatchObject({
      code: 'Timeout',
      cause: { code: 'UnexpectedResponse' },
    });
  });
});
