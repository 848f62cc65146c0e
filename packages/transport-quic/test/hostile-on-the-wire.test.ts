import { createSocket, type Socket } from 'node:dgram';
import { connect } from '@flotilla/quic-transport-ponyfill';
import { systemRuntime } from '@flotilla/runtime/system';
import type { Connection, TransportEvent } from '@flotilla/transport';
import { TestHandshake } from '@flotilla/transport/conformance';
import { type QuicTls, type QuicTransport, type QuicTransportOptions, quicTransport } from '@flotilla/transport-quic';
import { describe, expect, test } from 'vitest';
import { makeCluster } from './certificates.js';
import { rawPeer } from './raw-peers.js';

const cluster = makeCluster();

/** A victim with an honest connection that must not notice anything. */
class Scene implements AsyncDisposable {
  readonly tls: QuicTls;
  readonly events: TransportEvent[] = [];
  readonly accepted: Connection[] = [];
  readonly victim: QuicTransport;
  readonly #honest: QuicTransport;
  address = '';
  #connection: Connection | undefined;

  constructor(tls: QuicTls, options: Partial<QuicTransportOptions> = {}) {
    this.tls = tls;
    this.victim = quicTransport({
      runtime: systemRuntime,
      tls,
      observe: (event) => void this.events.push(event),
      ...options,
    });
    this.#honest = quicTransport({ runtime: systemRuntime, tls });
  }

  static async start(options: Partial<QuicTransportOptions> = {}): Promise<Scene> {
    const scene = new Scene((await cluster).tls, options);
    const listener = await scene.victim.listen('quic://127.0.0.1:0', {
      handshake: new TestHandshake('victim'),
      accept: (connection) => void scene.accepted.push(attached(connection)),
    });
    scene.address = listener.address;
    scene.#connection = await scene.dial();
    await scene.servesOthers();
    return scene;
  }

  async dial(): Promise<Connection> {
    return attached(await this.#honest.dial(this.address, { handshake: new TestHandshake('honest') }));
  }

  async servesOthers(): Promise<void> {
    expect((await this.#connection?.request(Uint8Array.of(1, 2)))?.length).toBe(2);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#honest.close();
    await this.victim.close();
  }
}

function attached(connection: Connection): Connection {
  connection.attach({
    frames: () => {},
    request: (body) => Promise.resolve(body),
    stream: (stream) => stream.abort(new Error('no streams here')),
    drained: () => {},
    closed: () => {},
  });
  return connection;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => systemRuntime.nextTurn(resolve));
}

function send(socket: Socket, bytes: Uint8Array, address: string): Promise<void> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve) => socket.send(bytes, Number(port), hostname, () => resolve()));
}

describe('what comes by UDP', () => {
  test('garbage of any size, and what looks like QUIC and is none, is dropped, and new connections are taken', async () => {
    await using scene = await Scene.start();
    const socket = createSocket('udp4');
    for (let size = 0; size <= 1_400; size += 20) {
      const bytes = new Uint8Array(size).map((_, i) => (i * 31 + size) & 0xff);
      await send(socket, bytes, scene.address);
      // A long header of version 1, and one of a version that nobody has.
      if (size >= 5) {
        bytes.set([0xc3, 0, 0, 0, 1]);
        await send(socket, bytes, scene.address);
        bytes.set([0xff, 0x1a, 0x2a, 0x3a, 0x4a]);
        await send(socket, bytes, scene.address);
      }
    }
    await scene.servesOthers();
    await (await scene.dial()).close();
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    expect(scene.victim.metrics.connectionsAccepted).toBe(2);
  });

  test('a peer of another protocol does not get in', async () => {
    await using scene = await Scene.start();
    const { ca, cert, key } = scene.tls;
    const session = connect(scene.address, {
      alpn: 'another/1',
      tls: { ca: String(ca), cert, key, serverName: 'node.flotilla' },
      connectTimeoutMs: 500,
    });
    await expect(session.ready).rejects.toThrow();
    await scene.servesOthers();
    expect(scene.accepted).toHaveLength(1);
  });
});

describe('who says nothing', () => {
  test('is disconnected at the deadline, and told of', async () => {
    await using scene = await Scene.start({ limits: { handshakeTimeoutMs: 300 } });
    const peer = await rawPeer(scene.address, scene.tls);
    await peer.closed;
    await until(() => scene.victim.metrics.handshakesFailed === 1);
    expect(scene.events.map((event) => event.type)).toEqual(['handshake-failed']);
    await scene.servesOthers();
  });

  test('in great number keeps nobody out: the oldest gives way', async () => {
    await using scene = await Scene.start({ limits: { connectionsMax: 256, handshakeTimeoutMs: 60_000 } });
    const peers = [];
    for (let i = 0; i < 70; i++) peers.push(await rawPeer(scene.address, scene.tls));
    await Promise.all(peers.slice(0, 4).map((peer) => peer.closed));
    await (await scene.dial()).close();
    await scene.servesOthers();
    expect(scene.victim.metrics.handshakesFailed).toBeGreaterThanOrEqual(6);
    for (const peer of peers) peer.close();
  });
});

test('a port that is taken is AddressInUse, one that cannot be bound InvalidConfig', async () => {
  await using scene = await Scene.start();
  await using other = quicTransport({ runtime: systemRuntime, tls: scene.tls });
  const options = { handshake: new TestHandshake('x'), accept: (): void => {} };
  await expect(other.listen(scene.address, options)).rejects.toMatchObject({ code: 'AddressInUse' });
  await expect(other.listen('quic://192.0.2.1:0', options)).rejects.toMatchObject({ code: 'InvalidConfig' });
  await expect(other.listen('wss://127.0.0.1:0', options)).rejects.toMatchObject({ code: 'InvalidConfig' });
});
