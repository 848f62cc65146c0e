import { FlotillaError } from '@flotilla/errors';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import { WIRE_VERSIONS } from '@flotilla/wire';
import { describe, expect, test } from 'vitest';
import type { PeerEvent } from './peer-event.js';
import type { Requester } from './requester.js';
import { PeerRequests, type RequestKind } from './peer-requests.js';

const number = {
  write: (writer: { varint(value: number): void }, value: number) => writer.varint(value),
  read: (reader: { varint(): number }) => reader.varint(),
};
const DOUBLE: RequestKind<number, number> = {
  id: 200,
  name: 'double',
  fenced: false,
  open: false,
  question: number,
  answer: number,
};
const FENCED: RequestKind<number, number> = { ...DOUBLE, id: 201, name: 'fenced', fenced: true };
const OPEN: RequestKind<number, number> = { ...DOUBLE, id: 202, name: 'open', open: true };

const from = (node: number): Requester => ({
  node,
  remote: { address: 'mem://x', tls: undefined, loopback: true },
  hello: {
    role: 'peer',
    versions: WIRE_VERSIONS,
    clusterId: undefined,
    nodeId: node,
    incarnation: undefined,
    clusterEpoch: 0,
    hostEpoch: 0,
    addresses: [],
    capabilities: [],
  },
});

/** Two sides in one process: what the first asks, the second answers. */
function pair() {
  const world = new VirtualWorld();
  const runtime = world.createRuntime();
  const epochs = [5, 5];
  const events: PeerEvent[] = [];
  let asNode = 1;
  const epochOf = (side: number) => ({
    current: () => epochs[side] ?? 0,
    observe: (epoch: number) => void (epochs[side] = Math.max(epochs[side] ?? 0, epoch)),
  });
  let mangle = (bytes: Uint8Array): Uint8Array => bytes;
  const server = new PeerRequests({
    runtime,
    epoch: epochOf(1),
    carrier: () => ({ request: () => Promise.reject(new Error('no')) }),
  });
  const client = new PeerRequests({
    runtime,
    epoch: epochOf(0),
    carrier: () => ({ request: async (body, signal) => mangle(await server.serve(from(asNode), body, signal)) }),
    onEvent: (event) => events.push(event),
  });
  return {
    world,
    epochs,
    events,
    server,
    client,
    as: (node: number) => (asNode = node),
    mangle: (how: typeof mangle) => (mangle = how),
  };
}

const wait = { timeoutMs: 1_000 };

describe('requests between nodes', () => {
  test('an answer comes back typed', async () => {
    const { server, client } = pair();
    server.handle(DOUBLE, async (value) => value * 2);
    expect(await client.call(2, DOUBLE, 21, wait)).toBe(42);
  });

  test('an error comes back typed, with its details and outcome, and is told as an event', async () => {
    const { server, client, events } = pair();
    server.handle(DOUBLE, () =>
      Promise.reject(new FlotillaError('NotLeader', { message: 'elsewhere', details: { group: 3, leader: 2 } })),
    );
    await expect(client.call(2, DOUBLE, 1, { ...wait, group: 3 })).rejects.toMatchObject({
      code: 'NotLeader',
      outcome: 'definite',
      details: { group: 3, leader: 2 },
    });
    expect(events).toMatchObject([{ name: 'rpc.failed', group: 3, peer: 2 }]);
  });

  test('a request of an unknown kind is answered with a typed error, not dropped', async () => {
    const { client } = pair();
    await expect(client.call(2, DOUBLE, 1, wait)).rejects.toMatchObject({ code: 'MalformedFrame' });
  });

  test('any bytes at all are answered', async () => {
    const { server } = pair();
    server.handle(DOUBLE, async (value) => value);
    const { signal } = new AbortController();
    for (const body of [[], [1], [9, 9, 9], [1, 200], [1, 200, 0, 1, 7], [1, 255, 0]]) {
      const answer = await server.serve(from(1), new Uint8Array(body), signal);
      expect(answer[1]).toBe(1);
    }
  });

  test('an answer that is none is UnexpectedResponse', async () => {
    const { server, client, mangle } = pair();
    server.handle(DOUBLE, async (value) => value);
    for (const bytes of [[], [1], [2, 0, 5], [1, 7, 5], [1, 0], [1, 0, 5, 5]]) {
      mangle(() => new Uint8Array(bytes));
      await expect(client.call(2, DOUBLE, 1, wait)).rejects.toMatchObject({ code: 'UnexpectedResponse' });
    }
  });

  test('a fenced command of a lower epoch is refused; a higher one raises the mark; others pass', async () => {
    const { server, client, epochs } = pair();
    server.handle(DOUBLE, async (value) => value);
    server.handle(FENCED, async (value) => value);
    epochs[0] = 4;
    await expect(client.call(2, FENCED, 1, wait)).rejects.toMatchObject({
      code: 'StaleEpoch',
      details: { current: 5, received: 4 },
    });
    expect(await client.call(2, DOUBLE, 1, wait)).toBe(1);
    epochs[0] = 9;
    expect(await client.call(2, FENCED, 1, wait)).toBe(1);
    expect(epochs[1]).toBe(9);
  });

  test('a node that is no member may ask what is open to all, and nothing else', async () => {
    const { server, client, as } = pair();
    server.handle(DOUBLE, async (value) => value);
    server.handle(OPEN, async (value) => value);
    as(0);
    await expect(client.call(2, DOUBLE, 1, wait)).rejects.toMatchObject({ code: 'Unauthorized' });
    expect(await client.call(2, OPEN, 1, wait)).toBe(1);
  });

  test('no answer in time is a Timeout with an unknown outcome', async () => {
    const { server, client, world } = pair();
    server.handle(DOUBLE, () => new Promise<number>(() => undefined));
    const call = client.call(2, DOUBLE, 1, wait).catch((error: unknown) => error);
    expect(await world.settle(call)).toMatchObject({ code: 'Timeout', outcome: 'unknown' });
  });
});
