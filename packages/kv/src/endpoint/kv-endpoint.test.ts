import { isFlotillaError } from '@flotilla/errors';
import { vshardOfKey } from '@flotilla/routing';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import { encodeSessionEnvelope } from '@flotilla/wire';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { FakeConnection } from '../../test/fake-connection.js';
import { FakeNode } from '../../test/fake-node.js';
import { type EndpointLimits, KvEndpoint } from '../endpoint.js';
import { KvGroups } from '../index.js';
import {
  ALL_KEYS,
  answerOf,
  type CommandAnswer,
  decodeAnswer,
  decodeClusterMap,
  decodeJsonReply,
  decodeReply,
  deleteRangeOperation,
  encodeAdminRequest,
  encodeCommand,
  encodeMapRequest,
  type KeyRange,
  type Operation,
  putOperation,
  rangeOperation,
  type RangeAnswer,
  VALUE_BYTES_MAX,
  type WatchMessage,
} from '../protocol.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const GROUPS = 2;
const groupOf = (key: string): number => 1 + (vshardOfKey(utf8(key)) % GROUPS);
const bare = (operation: Operation, keyspace: number = 0): Uint8Array =>
  encodeSessionEnvelope({ kind: 'bare', command: encodeCommand({ keyspace, operation }) });
const put = (key: string, value: string): Uint8Array => bare(putOperation(utf8(key), utf8(value)));
const get = (key: string, keyspace: number = 0): Uint8Array =>
  encodeCommand({ keyspace, operation: rangeOperation({ key: utf8(key), end: undefined }) });
const watch = (id: number, range: KeyRange, more: Partial<WatchMessage> = {}): Omit<WatchMessage, 'kind'> => ({
  id,
  group: 1,
  keyspace: 1,
  range,
  startRevision: 0,
  prevKv: false,
  noPut: false,
  noDelete: false,
  progress: false,
  ...more,
});

let world: VirtualWorld;
let groups: KvGroups;
let node: FakeNode;
let endpoint: KvEndpoint;

function start(limits: Partial<EndpointLimits> = {}, history = {}): FakeConnection {
  world = new VirtualWorld();
  const runtime = world.createRuntime();
  groups = new KvGroups();
  node = new FakeNode(groups, runtime, GROUPS);
  endpoint = new KvEndpoint({ node, groups, runtime, limits, history, hostStatus: () => ({ pid: 7 }) });
  return connect();
}

function connect(): FakeConnection {
  const connection = new FakeConnection();
  node.accept!(connection);
  return connection;
}

/** The answer to an id, or its error's code. */
function answer(connection: FakeConnection, id: number): CommandAnswer | string | undefined {
  const found = connection.about(id).find(({ kind }) => kind === 'answer');
  if (found?.kind !== 'answer') return undefined;
  try {
    return decodeAnswer(answerOf(found.body));
  } catch (error) {
    if (isFlotillaError(error)) return error.code;
    throw error;
  }
}

function events(connection: FakeConnection, id: number): string[] {
  return connection
    .about(id)
    .flatMap((message) => (message.kind === 'watchEvents' ? message.events : []))
    .map(({ type, kv }) => `${type} ${text(kv.key)} @${kv.modRevision}`);
}

describe('requests', () => {
  test('a put is acknowledged after it was applied, and a linearizable read sees it', async () => {
    const client = start();
    client.say((writer) => writer.propose(1, groupOf('a'), put('a', 'x')));
    expect(answer(client, 1)).toBeUndefined();
    await world.advance(0);
    expect(answer(client, 1)).toEqual({ revision: 2, answer: { kind: 'put', prevKv: undefined } });
    client.say((writer) => writer.read(2, groupOf('a'), 'linearizable', get('a')));
    await world.advance(0);
    expect(answer(client, 2)).toMatchObject({ revision: 2, answer: { count: 1, kvs: [{ version: 1 }] } });
  });

  test('the answers of a turn leave as one frame', async () => {
    const client = start();
    client.say((writer) => {
      for (let id = 1; id <= 100; id++) writer.read(id, groupOf('a'), 'stale', get('a'));
    });
    await world.advance(0);
    expect(client.heard.length).toBe(100);
    expect(client.frames).toBe(1);
  });

  test('a request for another owner is refused with the owner, and nothing is proposed', async () => {
    const client = start();
    const wrong = groupOf('a') === 1 ? 2 : 1;
    client.say((writer) => {
      writer.propose(1, wrong, put('a', 'x'));
      writer.read(2, wrong, 'linearizable', get('a'));
      writer.read(3, 1, 'stale', get('a', 2));
    });
    await world.advance(0);
    expect(answer(client, 1)).toBe('WrongOwner');
    expect(answer(client, 2)).toBe('WrongOwner');
    expect(answer(client, 3)).toBe('InvalidArgument');
    expect(node.proposals).toBe(0);
  });

  test('a node that does not lead says who does; a follower reads linearizably on request, without leading', async () => {
    const client = start();
    node.elect(1, 3);
    client.say((writer) => {
      writer.read(1, 1, 'linearizable', get('k', 1));
      writer.read(2, 1, 'follower', get('k', 1));
      writer.read(3, 9, 'linearizable', get('k', 9));
    });
    await world.advance(0);
    expect(answer(client, 1)).toBe('NotLeader');
    expect(answer(client, 2)).toMatchObject({ answer: { kind: 'range' } });
    expect(node.reads).toBe(1);
    expect(answer(client, 3)).toBe('GroupNotFound');
    const [message] = client.about(1);
    expect(message?.kind === 'answer' && text(message.body)).toContain('mem://n3:1');
  });

  test('a stale read is refused until what was committed before the start is applied', async () => {
    const client = start();
    node.applied = { commitIndex: 9, appliedIndex: 4 };
    client.say((writer) => writer.read(1, 1, 'stale', get('k', 1)));
    node.applied = { commitIndex: 9, appliedIndex: 9 };
    client.say((writer) => writer.read(2, 1, 'stale', get('k', 1)));
    await world.advance(0);
    expect(answer(client, 1)).toBe('NotReady');
    expect(answer(client, 2)).toMatchObject({ revision: 1 });
    expect(node.reads).toBe(0);
  });

  test('a bad command costs no place in the log', async () => {
    const client = start();
    const session = (vshard: number): Uint8Array =>
      encodeSessionEnvelope({
        kind: 'command',
        clientId: new Uint8Array(16),
        sequence: 1,
        acknowledged: 0,
        vshard,
        command: encodeCommand({ keyspace: 0, operation: putOperation(utf8('a'), utf8('x')) }),
      });
    const txn = (a: string, b: string): Uint8Array =>
      bare({
        kind: 'txn',
        compares: [],
        success: [putOperation(utf8(a), utf8('')), putOperation(utf8(b), utf8(''))],
        failure: [],
      });
    client.say((writer) => {
      writer.propose(1, 1, bare(putOperation(new Uint8Array(0), utf8('x')), 1));
      writer.propose(2, 1, bare(putOperation(utf8('a'), new Uint8Array(VALUE_BYTES_MAX + 1)), 1));
      writer.propose(3, 1, Uint8Array.of(0, 1, 77));
      writer.propose(4, groupOf('a'), session(vshardOfKey(utf8('a')) ^ 1));
      writer.propose(5, 1, txn('a', 'b'));
      writer.propose(6, 1, txn('{t}a', '{t}a'));
      writer.read(7, 1, 'linearizable', encodeCommand({ keyspace: 1, operation: deleteRangeOperation(ALL_KEYS) }));
    });
    await world.advance(0);
    expect([1, 2, 3, 4, 5, 6, 7].map((id) => answer(client, id))).toEqual([
      'InvalidArgument',
      'LimitExceeded',
      'MalformedFrame',
      'InvalidArgument',
      'TxnSpansVShards',
      'InvalidArgument',
      'InvalidArgument',
    ]);
    expect(node.proposals).toBe(0);
  });

  test('more requests in flight than the bound are refused, definitely', async () => {
    const client = start({ requestsInFlightMax: 3 });
    client.say((writer) => {
      for (let id = 1; id <= 5; id++) writer.propose(id, groupOf('a'), put('a', 'x'));
    });
    await world.advance(0);
    expect([1, 2, 3].map((id) => typeof answer(client, id))).toEqual(['object', 'object', 'object']);
    expect([4, 5].map((id) => answer(client, id))).toEqual(['Overloaded', 'Overloaded']);
    expect(node.proposals).toBe(3);
    client.say((writer) => writer.propose(6, groupOf('a'), put('a', 'x')));
    await world.advance(0);
    expect(typeof answer(client, 6)).toBe('object');
  });

  test('hostile frames break their own connection, and no other', async () => {
    const client = start();
    const noise = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 50 }), { numRuns: 300, seed: 1 });
    for (const bytes of noise) {
      const hostile = connect();
      hostile.sayBytes(Uint8Array.from([4, 1, ...bytes]));
      hostile.sayBytes(bytes);
      await world.advance(0);
      expect(isFlotillaError(hostile.destroyed, 'MalformedFrame')).toBe(true);
    }
    client.say((writer) => writer.propose(1, groupOf('a'), put('a', 'x')));
    await world.advance(0);
    expect(answer(client, 1)).toMatchObject({ answer: { kind: 'put' } });
    expect(endpoint.stats.connections).toBe(1);
  });
});

describe('a long range', () => {
  const KEYS = 500;
  async function fill(limits: Partial<EndpointLimits>): Promise<FakeConnection> {
    const client = start(limits);
    client.say((writer) => {
      for (let id = 1; id <= KEYS; id++) {
        writer.propose(id, 1, bare(putOperation(utf8(`k${String(id).padStart(4, '0')}`), utf8('v')), 1));
      }
    });
    await world.advance(0);
    client.heard.length = 0;
    return client;
  }
  const all = encodeCommand({ keyspace: 1, operation: rangeOperation(ALL_KEYS) });

  test('is read in steps and shows one revision, whatever is written and compacted meanwhile', async () => {
    const client = await fill({ scanStepKeys: 50 });
    client.say((writer) => writer.read(9001, 1, 'linearizable', all));
    await world.step();
    await world.step();
    expect(endpoint.stats.scans).toBe(1);
    const machine = groups.machine(1)!;
    const apply = (operation: Parameters<typeof encodeCommand>[0]['operation']): unknown =>
      machine.apply([{ index: 1, term: 1, data: encodeCommand({ keyspace: 1, operation }) }]);
    apply(deleteRangeOperation(ALL_KEYS));
    apply(putOperation(utf8('y'), utf8('')));
    apply({ kind: 'compact', revision: machine.store.revision });
    apply(putOperation(utf8('y'), utf8('')));
    await world.advance(0);
    const found = answer(client, 9001) as CommandAnswer;
    expect(found.revision).toBe(KEYS + 1);
    expect((found.answer as RangeAnswer).kvs.length).toBe(KEYS);
    expect(endpoint.stats.scans).toBe(0);
    apply(putOperation(utf8('z'), utf8('')));
    expect(machine.store.compactionPending).toBe(false);
  });

  test('stops when it is cancelled or its client is gone, and more of them than the bound are refused', async () => {
    const client = await fill({ scanStepKeys: 50, scansMax: 2 });
    const other = connect();
    client.say((writer) => {
      writer.read(9001, 1, 'stale', all);
      writer.read(9003, 1, 'stale', all);
    });
    other.say((writer) => writer.read(9002, 1, 'stale', all));
    expect(endpoint.stats.scans).toBe(2);
    client.say((writer) => writer.cancel(9001));
    client.end({ by: 'remote', error: undefined });
    await world.advance(0);
    expect(endpoint.stats.scans).toBe(0);
    expect(answer(other, 9002)).toBe('Overloaded');
    expect(answer(client, 9001)).toBeUndefined();
  });

  test('is cut by size, with more', async () => {
    const client = start();
    client.say((writer) => {
      for (let id = 1; id <= 5; id++)
        writer.propose(id, 1, bare(putOperation(utf8(`k${id}`), new Uint8Array(400_000)), 1));
    });
    await world.advance(0);
    client.say((writer) => writer.read(6, 1, 'linearizable', all));
    await world.advance(0);
    expect(answer(client, 6)).toMatchObject({ answer: { count: 5, more: true, kvs: { length: 2 } } });
  });
});

describe('a watch', () => {
  const write = (client: FakeConnection, id: number, key: string): void =>
    client.say((writer) => writer.propose(id, 1, bare(putOperation(utf8(key), utf8('v')), 1)));

  test('from now begins after all that was acknowledged before, and tells what comes', async () => {
    const client = start();
    write(client, 1, 'a');
    await world.advance(0);
    client.say((writer) => writer.watch(watch(50, ALL_KEYS)));
    await world.advance(0);
    expect(client.about(50)).toEqual([{ kind: 'watchStarted', id: 50, nextRevision: 3 }]);
    write(client, 2, 'b');
    await world.advance(0);
    expect(events(client, 50)).toEqual(['put b @3']);
  });

  test('replays history, ends on request, and its id is free again', async () => {
    const client = start();
    for (let id = 1; id <= 5; id++) write(client, id, `k${id}`);
    await world.advance(0);
    client.say((writer) => writer.watch(watch(50, ALL_KEYS, { startRevision: 4 })));
    await world.advance(0);
    expect(events(client, 50)).toEqual(['put k3 @4', 'put k4 @5', 'put k5 @6']);
    client.say((writer) => writer.unwatch(50));
    write(client, 6, 'k6');
    await world.advance(0);
    expect(events(client, 50).length).toBe(3);
    expect(endpoint.stats.watches).toBe(0);
    client.say((writer) => writer.watch(watch(50, ALL_KEYS)));
    await world.advance(0);
    expect(client.about(50).at(-1)?.kind).toBe('watchStarted');
  });

  test('below the compaction point ends at once and names it', async () => {
    const client = start();
    for (let id = 1; id <= 5; id++) write(client, id, 'k');
    client.say((writer) =>
      writer.propose(
        6,
        1,
        encodeSessionEnvelope({
          kind: 'bare',
          command: encodeCommand({ keyspace: 1, operation: { kind: 'compact', revision: 4 } }),
        }),
      ),
    );
    await world.advance(0);
    client.say((writer) => writer.watch(watch(50, ALL_KEYS, { startRevision: 2 })));
    await world.advance(0);
    expect(client.about(50)).toMatchObject([
      { kind: 'watchEnded', error: { code: 'Compacted', details: { compactRevision: 4 } } },
    ]);
  });

  test('waits while its client takes nothing, holds no events for it, holds up nobody, and loses nothing', async () => {
    const slow = start({ unsentBytesMax: 1000 });
    const quick = connect();
    for (const client of [slow, quick]) client.say((writer) => writer.watch(watch(50, ALL_KEYS)));
    await world.advance(0);
    slow.full = true;
    for (let id = 1; id <= 300; id++) {
      write(quick, id, `k${id}`);
      await world.advance(0);
    }
    expect(events(quick, 50).length).toBe(300);
    expect(events(slow, 50).length).toBe(0);
    expect(slow.destroyed).toBeUndefined();
    slow.drain();
    await world.advance(0);
    expect(events(slow, 50)).toEqual(events(quick, 50));
    write(quick, 301, 'last');
    await world.advance(0);
    expect(events(slow, 50).at(-1)).toBe('put last @302');
  });

  test('tells its progress at intervals, or when asked and not behind', async () => {
    const client = start({ progressIntervalMs: 1000 });
    client.say((writer) => {
      writer.watch(watch(50, { key: utf8('quiet'), end: undefined }, { progress: true }));
      writer.watch(watch(51, { key: utf8('quiet'), end: undefined }));
    });
    await world.advance(0);
    write(client, 1, 'a');
    await world.advance(1000);
    expect(client.about(50).at(-1)).toEqual({ kind: 'watchProgress', id: 50, through: 2 });
    expect(client.about(51).length).toBe(1);
    client.say((writer) => writer.progress(51));
    await world.advance(0);
    expect(client.about(51).at(-1)).toEqual({ kind: 'watchProgress', id: 51, through: 2 });
  });

  test('asked for its progress while it lags, it tells it once it has everything', async () => {
    const client = start({ watchStepEvents: 10 });
    for (let id = 1; id <= 3000; id++) write(client, id, `k${id}`);
    await world.advance(0);
    client.say((writer) => {
      writer.watch(watch(9000, ALL_KEYS, { startRevision: 2 }));
      writer.progress(9000);
    });
    await world.advance(0);
    expect(events(client, 9000).length).toBe(3000);
    const last = client.about(9000).at(-1);
    expect(last).toEqual({ kind: 'watchProgress', id: 9000, through: 3001 });
    expect(client.about(9000).filter(({ kind }) => kind === 'watchProgress').length).toBe(1);
  });

  test('ends when its group stays without a leader, but not for a short election, and when the group leaves the node', async () => {
    const client = start({ leaderlessMs: 3000 });
    client.say((writer) => writer.watch(watch(50, ALL_KEYS)));
    await world.advance(0);
    node.elect(1, 0);
    await world.advance(2000);
    node.elect(1, 3);
    await world.advance(5000);
    expect(client.about(50).length).toBe(1);
    node.elect(1, 0);
    await world.advance(3000);
    expect(client.about(50).at(-1)).toMatchObject({ kind: 'watchEnded', error: { code: 'NotLeader' } });
    node.elect(1, 1);
    client.say((writer) => writer.watch(watch(50, ALL_KEYS)));
    await world.advance(0);
    node.remove(1);
    await world.advance(0);
    expect(client.about(50).at(-1)).toMatchObject({ kind: 'watchEnded', error: { code: 'GroupNotFound' } });
  });

  test('given up before it began, it never begins', async () => {
    const client = start();
    node.readsHeld = [];
    client.say((writer) => writer.watch(watch(50, ALL_KEYS)));
    client.say((writer) => writer.unwatch(50));
    for (const go of node.readsHeld) go();
    await world.advance(0);
    expect(client.about(50)).toEqual([]);
  });

  test('more watches than the bound are refused', async () => {
    const client = start({ watchesMax: 1 });
    client.say((writer) => {
      writer.watch(watch(50, ALL_KEYS));
      writer.watch(watch(51, ALL_KEYS));
    });
    await world.advance(0);
    expect(client.about(51)).toMatchObject([{ kind: 'watchEnded', error: { code: 'Overloaded' } }]);
  });
});

describe('a client that reads slowly', () => {
  test('gets its answers in the order in which they were given', async () => {
    const client = start();
    const read = (id: number): void => client.say((writer) => writer.read(id, groupOf('a'), 'stale', get('a')));
    client.full = true;
    read(1);
    await world.advance(0);
    read(2);
    await world.advance(0);
    client.full = false;
    read(3);
    await world.advance(0);
    expect(client.heard).toEqual([]);
    client.drain();
    read(4);
    await world.advance(0);
    expect(client.heard.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  });
});

describe('a client that does not read', () => {
  test('is cut off when its answers exceed the bound', async () => {
    const client = start({ unsentBytesMax: 10_000 });
    client.full = true;
    for (let id = 1; id <= 2000 && client.destroyed === undefined; id++) {
      client.say((writer) => writer.read(id, groupOf('a'), 'stale', get('a')));
      await world.advance(0);
    }
    expect(isFlotillaError(client.destroyed, 'Overloaded')).toBe(true);
  });
});

describe('history', () => {
  test('is kept within its policy by compactions that the leader proposes', async () => {
    const client = start({}, { versions: 100 });
    for (let id = 1; id <= 1000; id++) {
      client.say((writer) => writer.propose(id, 1, bare(putOperation(utf8('k'), utf8('v')), 1)));
      if (id % 10 === 0) await world.advance(0);
    }
    await world.advance(0);
    const { historyVersions, compactRevision } = groups.machine(1)!.store.stats;
    expect(historyVersions).toBeLessThanOrEqual(210);
    expect(historyVersions).toBeGreaterThanOrEqual(100);
    expect(compactRevision).toBeGreaterThan(700);
  });

  test('is kept within its bytes too', async () => {
    const client = start({}, { bytes: 100_000 });
    for (let id = 1; id <= 300; id++) {
      client.say((writer) => writer.propose(id, 1, bare(putOperation(utf8('k'), new Uint8Array(5000)), 1)));
      await world.advance(0);
    }
    expect(groups.machine(1)!.store.stats.historyBytes).toBeLessThan(220_000);
  });
});

describe('the request lane', () => {
  test('gives the map', async () => {
    const client = start();
    const map = decodeClusterMap(decodeReply(await client.ask(encodeMapRequest())));
    expect(map).toMatchObject({
      nodeId: 1,
      clusterId: node.clusterId,
      leaders: [
        { group: 1, node: 1 },
        { group: 2, node: 1 },
      ],
    });
    expect(map.routing).toEqual(node.routing());
  });

  test('serves operators, with the fields of the host', async () => {
    const client = start();
    const ask = async (request: Parameters<typeof encodeAdminRequest>[0]): Promise<unknown> =>
      decodeJsonReply(await client.ask(encodeAdminRequest(request)));
    expect(await ask({ op: 'nodeStatus' })).toMatchObject({ id: 1, pid: 7 });
    expect(await ask({ op: 'membersAdd' })).toMatchObject({ nodeId: 9 });
    expect(await ask({ op: 'transfer', group: 1, to: 3 })).toBeNull();
    expect(node.leads.get(1)).toBe(3);
    await expect(ask({ op: 'transfer', group: 77, to: 3 })).rejects.toThrow('GroupNotFound');
    await expect(ask({ op: 'membersRemove', node: 2 })).rejects.toThrow('UnsafeMembershipChange: node 2 is needed');
    const change = { node: 2, add: ['ab'.repeat(32)], remove: ['cd'.repeat(32)] };
    expect(await ask({ op: 'membersPin', ...change })).toBeNull();
    expect(node.pinned).toEqual([change]);
    await expect(ask({ op: 'membersPin', ...change, add: ['AB'.repeat(32)] })).rejects.toThrow('InvalidArgument: add');
    expect(await ask({ op: 'stores' })).toMatchObject([
      { group: 1, revision: 1 },
      { group: 2, watchers: 0 },
    ]);
    await expect((async () => decodeReply(await client.ask(Uint8Array.of(9))))()).rejects.toThrow('MalformedFrame');
  });
});

describe('stop', () => {
  test('ends watches with Shutdown and closes connections; it may be called twice', async () => {
    const client = start();
    client.say((writer) => writer.watch(watch(50, ALL_KEYS)));
    await world.advance(0);
    await endpoint.stop();
    await endpoint.stop();
    expect(client.about(50).at(-1)).toMatchObject({ kind: 'watchEnded', error: { code: 'Shutdown' } });
    expect(endpoint.stats.connections).toBe(0);
    expect(isFlotillaError(connect().destroyed, 'Shutdown')).toBe(true);
  });
});

afterEach(async () => endpoint.stop());
