import { randomBytes } from 'node:crypto';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { FlotillaError } from '@flotilla/errors';
import { systemRuntime } from '@flotilla/runtime/system';
import type { Connection, Handshake } from '@flotilla/transport';
import { webSocketTransport } from '@flotilla/transport-ws';
import { decodeRefusal, encodeHello, encodeRefusal, WIRE_VERSIONS } from '@flotilla/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type TestClient } from './harness/client.js';
import { CountingLoad } from './harness/counters.js';
import { run, temporaryFolder } from './harness/program.js';
import { Servers } from './harness/servers.js';
import { until } from './harness/until.js';

describe('bad input from the network, under load', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let servers: Servers;
  let connected: TestClient;
  let load: CountingLoad;
  let address: string;
  let pids: number[];

  beforeAll(async () => {
    folder = await temporaryFolder();
    servers = await Servers.start(join(folder.path, 'cluster'), { groups: 2 });
    connected = await connect(servers.endpoints);
    load = new CountingLoad(connected.client, 'network', 8);
    address = servers.list[0]?.listen ?? '';
    pids = servers.list.map((server) => server.running.pid);
  });
  afterAll(async () => {
    await load?.stop();
    await connected?.[Symbol.asyncDispose]();
    await servers?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  /** The cluster is as it was: same processes, all ready, and the load goes on. */
  const expectUnharmed = async (): Promise<void> => {
    const more = load.acknowledged + 50;
    await until('the load goes on', () => load.acknowledged > more);
    expect(load.errors).toEqual([]);
    for (const status of await servers.statuses()) {
      expect(status.lifecycle).toBe('ready');
      expect(status.groups.filter((group) => group.stopped !== null)).toEqual([]);
    }
    expect(servers.up.map((server) => server.running.pid)).toEqual(pids);
  };

  /** Sends bytes to the listener as they are, and resolves once it has closed the socket. */
  const sendRaw = async (bytes: Uint8Array): Promise<void> => {
    const { hostname, port } = new URL(address);
    await new Promise<void>((resolve) => {
      const socket = connectSocket(Number(port), hostname, () => socket.write(bytes));
      socket.on('error', () => undefined);
      socket.on('data', () => undefined);
      socket.on('close', () => resolve());
    });
  };

  /** Opens a WebSocket, sends messages once it is open, and resolves once the other side has closed it. */
  const sendMessages = async (messages: readonly Uint8Array<ArrayBuffer>[], protocol?: string): Promise<void> =>
    await new Promise((resolve) => {
      const socket = new WebSocket(address, protocol === undefined ? [] : [protocol]);
      socket.binaryType = 'arraybuffer';
      socket.addEventListener('open', () => messages.forEach((message) => socket.send(message)));
      socket.addEventListener('close', () => resolve());
      socket.addEventListener('error', () => undefined);
    });

  test('bytes that are no WebSocket: the socket is closed', async () => {
    await sendRaw(randomBytes(4_096));
    await sendRaw(new TextEncoder().encode('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
    await sendRaw(new TextEncoder().encode(`GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`));
    await expectUnharmed();
  });

  test('WebSockets that speak something else are closed', async () => {
    await sendMessages([], 'other.1');
    await sendMessages([]);
    for (let round = 0; round < 20; round++) {
      await sendMessages([new Uint8Array(randomBytes(1 + round * 97))], 'flotilla.1');
    }
    // The right first word, and then nothing that makes sense.
    const greeting = new Uint8Array([1, ...new TextEncoder().encode('FLOT'), ...randomBytes(200)]);
    await sendMessages([greeting], 'flotilla.1');
    await expectUnharmed();
  });

  test('a message far above the limit is not taken in: the connection is closed', async () => {
    await sendMessages([new Uint8Array(16 * 1_048_576)], 'flotilla.1');
    await expectUnharmed();
  });

  /** Greets as a client of a cluster, or of none. */
  const dial = async (
    clusterId: string | undefined,
    versions = WIRE_VERSIONS,
  ): Promise<[Connection, AsyncDisposable]> => {
    const transport = webSocketTransport({ runtime: systemRuntime });
    const handshake: Handshake = {
      hello: () =>
        encodeHello({
          role: 'client',
          versions,
          clusterId,
          nodeId: 0,
          incarnation: undefined,
          clusterEpoch: 0,
          hostEpoch: 0,
          addresses: [],
          capabilities: [],
        }),
      verify: () => undefined,
      refusal: encodeRefusal,
      refused: (bytes) => decodeRefusal(bytes),
    };
    try {
      return [await transport.dial(address, { handshake }), transport];
    } catch (error) {
      await transport.close();
      throw error;
    }
  };

  test('malformed frames and requests of one that was let in end its connection or its request, nothing else', async () => {
    for (let round = 0; round < 20; round++) {
      const [connection, transport] = await dial(undefined);
      await using _ = transport;
      const closed = new Promise<void>((resolve) => {
        connection.attach({
          frames: () => undefined,
          request: async () => await Promise.reject(new Error('nothing is served here')),
          stream: (stream) => stream.abort(new Error('nothing is taken here')),
          drained: () => undefined,
          closed: () => resolve(),
        });
      });
      if (round % 2 === 0) {
        connection.sendFrame(randomBytes(1 + round * 31));
        connection.sendFrame(randomBytes(1 + round * 31));
        await closed;
      } else {
        const answer = await connection.request(randomBytes(1 + round * 31)).catch((error: unknown) => error);
        expect(answer).toSatisfy((value) => value instanceof FlotillaError || value instanceof Uint8Array);
      }
    }
    await expectUnharmed();
  });

  test('a hello for another cluster, or of versions to come, is refused with the reason', async () => {
    await expect(dial('00112233445566778899aabbccddeeff')).rejects.toMatchObject({ code: 'WrongCluster' });
    await expect(dial(undefined, { min: 4_000, max: 4_001 })).rejects.toMatchObject({ code: 'IncompatibleVersion' });
    await expectUnharmed();
  });

  test('a node of another cluster is refused, and both clusters go on', async () => {
    await using other = await Servers.start(join(folder.path, 'other'), { count: 2, groups: 1, voters: 2 });
    const own = (await other.statuses())[0]?.clusterId;
    expect(own).not.toBe(connected.client.clusterId);
    const [stranger, friend] = other.list;
    // Alone it has no quorum, and looks for its own at every address that it was given.
    await friend?.stop();
    await stranger?.stop();
    await stranger?.start({ seeds: [...servers.endpoints, ...other.endpoints] });
    await until('the refusal is in a log of the cluster that it does not belong to', () =>
      servers.list.some(({ running }) => running.stderr.includes(`speaks for cluster ${own}`)),
    );
    await friend?.start();
    const statuses = await other.settled(2);
    expect(statuses.map((status) => status.clusterId)).toEqual([own, own]);
    const members = await connected.client.admin.members.list();
    expect(members.map((member) => member.id).toSorted()).toEqual([1, 2, 3]);
    await expectUnharmed();
  });

  test('oversize keys and values, empty keys: refused, definite, and nothing is written', async () => {
    const { client } = connected;
    const put = async (key: string, bytes: number): Promise<unknown> =>
      await client.put(key, new Uint8Array(bytes)).then(
        () => 'written',
        (error: unknown) => error,
      );
    expect(await put('k'.repeat(4_096), 1)).toBe('written');
    expect(await put('k'.repeat(4_097), 1)).toMatchObject({ code: 'LimitExceeded', outcome: 'definite' });
    expect(await put('value', 1_048_576)).toBe('written');
    expect(await put('value-too-large', 1_048_577)).toMatchObject({ code: 'LimitExceeded', outcome: 'definite' });
    expect(await put('', 1)).toMatchObject({ code: 'InvalidArgument', outcome: 'definite' });
    expect(await client.get('value-too-large')).toBeUndefined();
    expect((await client.get('value'))?.value).toHaveLength(1_048_576);
    const ran = await run(['kv', 'put', 'k'.repeat(5_000), 'x', '--endpoints', address]);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toMatch(/5000 key bytes where at most 4096 are allowed; nothing was written/);
    await expectUnharmed();
  });

  test('after all that no write was lost', async () => {
    await load.stop();
    expect(await load.problems(connected.client)).toEqual([]);
  });
});
