import { FlotillaError } from '@flotilla/errors';
import { describe, expect, test } from 'vitest';
import { FakeCluster, notLeader } from './testdata/fake-cluster.js';

const unknownOutcome = (group: number): FlotillaError =>
  new FlotillaError('ProposalOutcomeUnknown', { message: 'leadership was lost', details: { group } });
const overloaded = (): FlotillaError =>
  new FlotillaError('Overloaded', { message: 'full', details: { resource: 'x', limit: 1 } });

describe('a client', () => {
  test('puts and gets through the leader of the key', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    for (const key of ['a', 'b', 'c', 'd']) await cluster.settle(client.put(key, `${key}!`));
    for (const key of ['a', 'b', 'c', 'd']) {
      const pair = await cluster.settle(client.get(key));
      expect(pair?.text()).toBe(`${key}!`);
      expect(pair?.keyText()).toBe(key);
    }
    expect(await cluster.settle(client.get('nothing'))).toBeUndefined();
    await cluster.settle(client.close());
  });

  test('connects while any endpoint answers', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect({ endpoints: ['mem://gone:1', 'mem://n2:1', 'mem://alsogone:1'] });
    await cluster.settle(client.put('a', '1'));
    expect((await cluster.settle(client.get('a')))?.text()).toBe('1');
  });

  test('says of each endpoint why it gave no map, once its time has passed', async () => {
    const cluster = await FakeCluster.start();
    const start = cluster.world.now();
    const error = await cluster.failure(cluster.connecting({ endpoints: ['mem://gone:1'], connectTimeoutMs: 3_000 }));
    expect(error).toMatchObject({ code: 'Unreachable', outcome: 'definite' });
    expect(error.message).toContain('mem://gone:1');
    expect(cluster.world.now() - start).toBe(3_000);
  });

  test('gives up at once where every endpoint refuses for good', async () => {
    const cluster = await FakeCluster.start(1);
    const client = await cluster.connect();
    expect(client.clusterId).toBe('ab'.repeat(16));
    const start = cluster.world.now();
    expect(await cluster.failure(cluster.connecting({ endpoints: ['xyz://a:1'] }))).toMatchObject({
      code: 'InvalidConfig',
    });
    expect(cluster.world.now()).toBe(start);
  });

  test('stops connecting when its caller gives up', async () => {
    const cluster = await FakeCluster.start();
    const controller = new AbortController();
    const connecting = cluster.connecting({ endpoints: ['mem://gone:1'], signal: controller.signal });
    const failure = cluster.failure(connecting);
    controller.abort('enough');
    expect(await failure).toMatchObject({ code: 'Aborted', cause: 'enough' });
  });
});

describe('redirects', () => {
  test('a redirect to the leader is followed', async () => {
    const cluster = await FakeCluster.start();
    cluster.mappedLeaders = [
      { group: 1, node: 3 },
      { group: 2, node: 3 },
    ];
    const client = await cluster.connect();
    await cluster.settle(client.put('a', '1'));
    expect(cluster.groupOf('a').applied).toEqual(['a']);
  });

  test('without a hint every replica is tried until one leads', async () => {
    const cluster = await FakeCluster.start();
    cluster.mappedLeaders = [];
    for (const node of cluster.nodes) {
      node.script = (message) =>
        message.kind === 'propose' && cluster.group(message.group).leader !== node.id
          ? notLeader(message.group, 0)
          : undefined;
    }
    const client = await cluster.connect();
    await cluster.settle(client.put('a', '1'));
    expect(cluster.groupOf('a').applied).toEqual(['a']);
  });

  test('nodes that name each other in turn are not asked without end', async () => {
    const cluster = await FakeCluster.start(2, 1);
    const client = await cluster.connect();
    cluster.group(1).leader = 0;
    cluster.node(1).script = ({ kind }) => (kind === 'read' ? notLeader(1, 2) : undefined);
    cluster.node(2).script = ({ kind }) => (kind === 'read' ? notLeader(1, 1) : undefined);
    const error = await cluster.failure(client.get('a', { timeoutMs: 5_000 }));
    expect(error).toMatchObject({ code: 'Timeout', outcome: 'definite', cause: { code: 'NotLeader' } });
    expect(cluster.heard('read')).toBeLessThan(100);
  });

  test('a request waits for an election and goes on when a leader is there', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    const group = cluster.groupOf('a');
    group.leader = 0;
    const put = client.put('a', '1');
    await cluster.world.advance(3_000);
    expect(group.applied).toEqual([]);
    group.leader = 3;
    await cluster.settle(put);
    expect(group.applied).toEqual(['a']);
  });

  test('a node that is down is left aside for the one that leads now', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    const group = cluster.groupOf('a');
    await cluster.settle(client.put('a', '1'));
    const old = group.leader;
    cluster.network.crash(`n${old}`);
    group.leader = old === 1 ? 2 : 1;
    await cluster.settle(client.put('a', '2'));
    expect(group.applied).toEqual(['a', 'a']);
  });

  test('a mute leader is left aside once its time for an attempt has passed', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect({ attemptTimeoutMs: 500 });
    const group = cluster.groupOf('a');
    await cluster.settle(client.put('a', '1'));
    const mute = cluster.node(group.leader);
    mute.script = () => 'ignore';
    mute.lane = () => new Promise(() => undefined);
    group.leader = mute.id === 1 ? 2 : 1;
    const start = cluster.world.now();
    await cluster.settle(client.put('a', '2'));
    expect(cluster.world.now() - start).toBeLessThan(2_000);
    expect(group.applied).toEqual(['a', 'a']);
  });
});

describe('a write in a session', () => {
  test('is applied once though its answer was lost and it was sent again', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    await cluster.settle(client.put('a', '0'));
    const group = cluster.groupOf('a');
    let broken = 0;
    cluster.node(group.leader).script = ({ kind }) =>
      kind === 'propose' && broken++ < 2 ? 'applyAndBreak' : undefined;
    const { revision } = await cluster.settle(client.put('a', '1'));
    expect(broken).toBe(3);
    expect(group.applied).toEqual(['a', 'a']);
    expect(revision).toBe(3);
  });

  test('is repeated at another node after an unknown outcome, and applied once', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    await cluster.settle(client.put('a', '0'));
    const group = cluster.groupOf('a');
    const old = cluster.node(group.leader);
    old.script = (message) => {
      if (message.kind !== 'propose') return undefined;
      group.apply(message.envelope);
      group.leader = old.id === 1 ? 2 : 1;
      return unknownOutcome(group.group);
    };
    await cluster.settle(client.put('a', '1'));
    expect(group.applied).toEqual(['a', 'a']);
  });

  test('is not sent before its session is registered, which happens once', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    await cluster.settle(Promise.all(Array.from({ length: 50 }, (_, at) => client.put('{t}', String(at)))));
    expect(cluster.groupOf('{t}').registrations).toBe(1);
    expect(cluster.groupOf('{t}').applied.length).toBe(50);
    expect(cluster.heard('propose')).toBe(51);
  });

  test('goes on in a new session where the old one expired before it was ever sent', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    await cluster.settle(client.put('a', '0'));
    const group = cluster.groupOf('a');
    group.sessions.clear();
    await cluster.settle(client.put('a', '1'));
    expect(group.applied).toEqual(['a', 'a']);
    expect(group.registrations).toBe(2);
  });

  test('never goes on under a client id that was registered before: what is left of the old session cannot enter the new one', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    await cluster.settle(client.put('a', '0'));
    const group = cluster.groupOf('a');
    const [old] = group.sessions.keys();
    group.sessions.clear();
    await cluster.settle(client.put('a', '1'));
    expect(group.sessions.size).toBe(1);
    expect(group.sessions.has(old as string)).toBe(false);
  });

  test('keeps its result on the server until it was received, though later ones of the session were', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    await cluster.settle(client.put('a', '0'));
    const group = cluster.groupOf('a');
    const node = cluster.node(group.leader);
    let proposals = 0;
    node.script = ({ kind }) => (kind === 'propose' && ++proposals === 1 ? 'applySilently' : undefined);
    const first = client.put('a', '1');
    const second = client.put('a', '2');
    await cluster.settle(second);
    await cluster.settle(client.put('a', '3'));
    node.break();
    expect((await cluster.settle(first)).revision).toBe(3);
    expect(group.applied.length).toBe(4);
    await cluster.settle(client.put('a', '4'));
    const [session] = group.sessions.values();
    expect(session?.acknowledged).toBe(4);
  });

  test('whose session expired between two attempts rejects with an unknown outcome, and is never applied again', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    await cluster.settle(client.put('a', '0'));
    const group = cluster.groupOf('a');
    let first = true;
    cluster.node(group.leader).script = ({ kind }) => {
      if (kind !== 'propose' || !first) return undefined;
      first = false;
      return 'applyAndBreak';
    };
    const put = cluster.failure(client.put('a', '1'));
    const expire = cluster.world.createRuntime();
    expire.setTimer(5, () => group.sessions.clear());
    expect(await put).toMatchObject({ code: 'SessionExpired', outcome: 'unknown' });
    expect(group.applied).toEqual(['a', 'a']);
    await cluster.settle(client.put('a', '2'));
    expect(group.applied).toEqual(['a', 'a', 'a']);
  });

  test('acknowledges results so that the server can forget them', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    for (let at = 0; at < 20; at++) await cluster.settle(client.put('a', String(at)));
    const [session] = cluster.groupOf('a').sessions.values();
    expect(session?.results.size).toBe(1);
    expect(session?.acknowledged).toBe(19);
  });

  test('ends its session when the client closes', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    await cluster.settle(client.put('a', '0'));
    expect(cluster.groupOf('a').sessions.size).toBe(1);
    await cluster.settle(client.close());
    await cluster.world.advance(10);
    expect(cluster.groupOf('a').sessions.size).toBe(0);
  });

  test('given up while it may have been sent has an unknown outcome, and a definite one before', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    await cluster.settle(client.put('a', '0'));
    const group = cluster.groupOf('a');
    for (const node of cluster.nodes) node.script = ({ kind }) => (kind === 'propose' ? 'ignore' : undefined);
    const controller = new AbortController();
    const unsent = client.put('a', '1', { signal: controller.signal });
    controller.abort();
    expect(await cluster.failure(unsent)).toMatchObject({ code: 'Aborted', outcome: 'definite' });
    const second = new AbortController();
    const sent = cluster.failure(client.put('a', '2', { signal: second.signal }));
    const clock = cluster.world.createRuntime();
    clock.setTimer(50, () => second.abort());
    expect(await sent).toMatchObject({ code: 'Aborted', outcome: 'unknown' });
    expect(group.applied).toEqual(['a']);
  });

  test('that was only ever refused has a definite outcome at its deadline', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    cluster.groupOf('a').leader = 0;
    const start = cluster.world.now();
    expect(await cluster.failure(client.put('a', '1', { timeoutMs: 700 }))).toMatchObject({
      code: 'Timeout',
      outcome: 'definite',
    });
    expect(cluster.world.now() - start).toBe(700);
  });
});

describe('a write without a session', () => {
  test('whose outcome is unknown is not repeated', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect({ sessions: 'off' });
    const group = cluster.groupOf('a');
    cluster.node(group.leader).script = ({ kind }) => (kind === 'propose' ? 'applyAndBreak' : undefined);
    expect(await cluster.failure(client.put('a', '1'))).toMatchObject({
      code: 'ConnectionClosed',
      outcome: 'unknown',
    });
    await cluster.world.advance(20_000);
    expect(group.applied).toEqual(['a']);
    expect(cluster.heard('propose')).toBe(1);
  });

  test('is repeated after definite refusals', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect({ sessions: 'off' });
    const group = cluster.groupOf('a');
    let refusals = 0;
    cluster.node(group.leader).script = ({ kind }) => (kind === 'propose' && refusals++ < 3 ? overloaded() : undefined);
    await cluster.settle(client.put('a', '1'));
    expect(refusals).toBe(4);
    expect(group.applied).toEqual(['a']);
  });

  test('waits on for a mute leader until its deadline, then with an unknown outcome', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect({ sessions: 'off', attemptTimeoutMs: 500 });
    for (const node of cluster.nodes) node.script = ({ kind }) => (kind === 'propose' ? 'applySilently' : undefined);
    expect(await cluster.failure(client.put('a', '1'))).toMatchObject({ code: 'Timeout', outcome: 'unknown' });
    expect(cluster.groupOf('a').applied).toEqual(['a']);
    expect(cluster.heard('propose')).toBe(1);
  });
});

describe('a read', () => {
  test('is repeated whatever the failure', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    await cluster.settle(client.put('a', '1'));
    let broken = 0;
    for (const node of cluster.nodes)
      node.script = ({ kind }) => (kind === 'read' && broken++ < 3 ? 'break' : undefined);
    expect((await cluster.settle(client.get('a')))?.text()).toBe('1');
    expect(broken).toBe(4);
  });

  test('from followers does not need the leader', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    await cluster.settle(client.put('a', '1'));
    cluster.groupOf('a').leader = 0;
    expect((await cluster.settle(client.get('a', { consistency: 'stale' })))?.text()).toBe('1');
    expect((await cluster.settle(client.get('a', { consistency: 'follower' })))?.text()).toBe('1');
  });

  test('refused for what it asks is not repeated', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    expect(await cluster.failure(client.get('a', { revision: 99 }))).toMatchObject({
      code: 'FutureRevision',
      outcome: 'definite',
    });
    expect(cluster.heard('read')).toBe(1);
  });
});

describe('bounds', () => {
  test('requests of a turn leave as one frame for each node', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect({ sessions: 'off' });
    await cluster.settle(Promise.all([client.get('a'), client.get('b'), client.get('c')]));
    const before = cluster.nodes.map(({ frames }) => frames);
    await cluster.settle(Promise.all(Array.from({ length: 200 }, (_, at) => client.put(`k${at}`, 'v'))));
    const frames = cluster.nodes.map((node, at) => node.frames - (before[at] ?? 0));
    expect(Math.max(...frames)).toBe(1);
  });

  test('above the bound of pending requests a call is refused at once, and nothing of it is sent', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect({ limits: { pendingRequestsMax: 10 }, sessions: 'off' });
    const calls = Array.from({ length: 15 }, (_, at) => client.put(`k${at}`, 'v'));
    const settled = await cluster.settle(Promise.allSettled(calls));
    const refused = settled.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBe(5);
    for (const { reason } of refused as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ code: 'Overloaded', outcome: 'definite' });
    }
    expect(cluster.heard('propose')).toBe(10);
    await cluster.settle(client.put('again', 'v'));
  });

  test('above the bound in flight on one connection requests wait their turn', async () => {
    const cluster = await FakeCluster.start(1, 1);
    const client = await cluster.connect({ limits: { inFlightPerNodeMax: 4 }, sessions: 'off' });
    let inFlight = 0;
    let most = 0;
    cluster.node(1).script = ({ kind }) => {
      if (kind === 'propose') most = Math.max(most, ++inFlight);
      return undefined;
    };
    const calls = Array.from({ length: 20 }, (_, at) => client.put(`k${at}`, 'v').finally(() => inFlight--));
    await cluster.settle(Promise.all(calls));
    expect(most).toBe(4);
  });

  test('what cannot be served is refused before it is sent', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    expect(await cluster.failure(client.put('', 'v'))).toMatchObject({ code: 'InvalidArgument' });
    expect(await cluster.failure(client.put('k', new Uint8Array(2_000_000)))).toMatchObject({ code: 'LimitExceeded' });
    expect(await cluster.failure(client.put('k', 'v', { timeoutMs: 0 }))).toMatchObject({ code: 'InvalidArgument' });
    expect(await cluster.failure(client.put('k', 'v', { keyspace: 1.5 }))).toMatchObject({ code: 'InvalidArgument' });
    expect(await cluster.failure(client.get('k', { revision: -1 }))).toMatchObject({ code: 'InvalidArgument' });
    expect(cluster.heard('propose') + cluster.heard('read')).toBe(0);
  });

  test('a closed client rejects what is pending, and what comes later', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    cluster.groupOf('a').leader = 0;
    const pending = cluster.failure(client.put('a', '1'));
    const clock = cluster.world.createRuntime();
    let closing: Promise<void> | undefined;
    clock.setTimer(20, () => {
      closing = client.close();
    });
    expect(await pending).toMatchObject({ code: 'Shutdown', outcome: 'definite' });
    await cluster.settle(closing as Promise<void>);
    expect(await cluster.failure(client.get('a'))).toMatchObject({ code: 'Shutdown' });
    expect(client.pending).toBe(0);
  });
});
