import { connect, type Socket } from 'node:net';
import { systemRuntime } from '@flotilla/runtime/system';
import { TestHandshake } from '@flotilla/transport/conformance';
import { FORMAT_VERSION_MAX, MAGIC, MESSAGE_BYTES_MAX, Piece } from '@flotilla/transport/multiplex';
import { webSocketTransport as browserTransport } from '@flotilla/transport-ws/browser';
import { describe, expect, test } from 'vitest';
import { rawPeer, type RawWebSocket } from './raw-peers.js';
import { codeOf, dial, type Held, listen, observed, type Observed, serves, until } from './sides.js';

const READY = Uint8Array.of(Piece.READY);

function hello(): Uint8Array {
  const bytes = new Uint8Array(15);
  const view = new DataView(bytes.buffer);
  bytes[0] = Piece.HELLO;
  view.setUint32(1, MAGIC, true);
  bytes[5] = 1;
  bytes[6] = FORMAT_VERSION_MAX;
  view.setUint32(7, 1_000_000, true);
  view.setUint32(11, 100, true);
  return bytes;
}

/** A WebSocket that went through the handshake by hand. */
async function openPeer(address: string): Promise<RawWebSocket> {
  const peer = await rawPeer(address);
  const answered = new Promise<void>((resolve) => peer.socket.once('message', () => resolve()));
  peer.send(hello());
  await answered;
  peer.send(READY);
  return peer;
}

/** A victim with an honest connection that must not notice anything. */
async function scene(
  options: Parameters<typeof observed>[0] = {},
): Promise<Observed & { address: string; honest: Held; accepted: Held[] }> {
  const victim = observed(options);
  const { address, accepted } = await listen(victim.transport, 'ws://127.0.0.1:0');
  const honest = await dial(victim.transport, address);
  await honest.connection.request(new Uint8Array(0));
  return { ...victim, address, honest, accepted };
}

/** Bytes of a WebSocket frame with a mask of zero. */
function webSocketFrame(
  firstByte: number,
  payload: Uint8Array,
  options: { masked?: boolean; length?: number } = {},
): Uint8Array {
  const { masked = true, length = payload.length } = options;
  const mask = masked ? 0x80 : 0;
  const size =
    length < 126
      ? [mask | length]
      : length < 65_536
        ? [mask | 126, length >> 8, length & 255]
        : [mask | 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  return Buffer.concat([Uint8Array.of(firstByte, ...size, ...(masked ? [0, 0, 0, 0] : [])), payload]);
}

/** A TCP connection after a hand-made upgrade, and the first bytes of what came back. */
async function upgraded(
  address: string,
  headers: readonly string[] = [],
): Promise<{ socket: Socket; closed: Promise<void>; status: string }> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => socket.destroy());
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  const lines = [
    'GET / HTTP/1.1',
    `Host: ${hostname}:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: flotilla.1',
    ...headers,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  socket.resume();
  return { socket, closed, status: first.toString('latin1').split('\r\n')[0] ?? '' };
}

describe('garbage ends its own connection, counted, and no other', () => {
  const messages: Readonly<Record<string, (peer: RawWebSocket) => void>> = {
    'a text message': (peer) => peer.socket.send('hello'),
    'a malformed message': (peer) => peer.send(Uint8Array.of(0x7f, 1, 2)),
    'a message beyond the limit': (peer) => peer.send(new Uint8Array(MESSAGE_BYTES_MAX + 1)),
    'a message in very many fragments': (peer) => {
      for (let i = 0; i < 300; i++) peer.socket.send(Uint8Array.of(Piece.PING), { fin: false });
    },
    'fragments beyond the limit': (peer) => {
      for (let i = 0; i < 20; i++) peer.socket.send(new Uint8Array(20_000), { fin: false });
    },
  };
  for (const [name, send] of Object.entries(messages)) {
    test(`${name}, before and after the handshake`, async () => {
      const victim = await scene();
      await using _ = victim;
      for (const open of [rawPeer, openPeer]) {
        const before = victim.transport.metrics.malformed;
        const peer = await open(victim.address);
        peer.socket.on('error', () => {});
        send(peer);
        await peer.closed;
        await until(() => victim.transport.metrics.malformed > before);
      }
      await until(() => victim.events.length >= 2);
      expect(victim.events.map((event) => event.type)).toEqual(['handshake-failed', 'connection-broken']);
      expect((await victim.honest.connection.request(Uint8Array.of(1))).length).toBe(1);
    });
  }

  const frames: Readonly<Record<string, Uint8Array>> = {
    'a frame without a mask': webSocketFrame(0x82, hello(), { masked: false }),
    'a compressed frame': webSocketFrame(0xc2, new Uint8Array(10)),
    'a frame of an opcode that does not exist': webSocketFrame(0x83, new Uint8Array(10)),
    'a continuation of nothing': webSocketFrame(0x80, new Uint8Array(10)),
    'a ping of more than 125 bytes': webSocketFrame(0x89, new Uint8Array(126)),
    'a length of 4 GiB': webSocketFrame(0x82, new Uint8Array(0), { length: 0xffff_ffff }),
    'bytes that are no frames': Buffer.alloc(300, 0xff),
  };
  for (const [name, bytes] of Object.entries(frames)) {
    test(name, async () => {
      const victim = await scene();
      await using _ = victim;
      const { socket, closed } = await upgraded(victim.address);
      socket.write(bytes);
      await closed;
      await until(() => victim.transport.metrics.malformed === 1);
      expect((await victim.honest.connection.request(Uint8Array.of(1))).length).toBe(1);
    });
  }

  test('more than a hello before it is verified ends the connection, long before the longest message', async () => {
    const victim = await scene();
    await using _ = victim;
    const { socket, closed } = await upgraded(victim.address);
    socket.write(webSocketFrame(0x82, new Uint8Array(8_000), { length: 200_000 }));
    await closed;
    expect(victim.transport.metrics.malformed).toBe(1);
    expect((await victim.honest.connection.request(Uint8Array.of(1))).length).toBe(1);
  });

  test('what is not HTTP', async () => {
    const victim = await scene();
    await using _ = victim;
    const { hostname, port } = new URL(victim.address);
    for (const text of [
      '\0\x01\x02garbage\r\n\r\n',
      `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      '\x16\x03\x01\x02\0',
    ]) {
      const before = victim.transport.metrics.handshakesFailed;
      const socket = connect(Number(port), hostname);
      socket.on('error', () => socket.destroy());
      socket.resume();
      const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
      socket.end(text);
      await closed;
      await until(() => victim.transport.metrics.handshakesFailed > before);
    }
    expect((await victim.honest.connection.request(Uint8Array.of(1))).length).toBe(1);
  });

  test('a flood of pings of the WebSocket is not echoed into memory', async () => {
    const victim = await scene();
    await using _ = victim;
    const { socket } = await upgraded(victim.address);
    socket.pause();
    const ping = webSocketFrame(0x89, new Uint8Array(125));
    for (let i = 0; i < 20_000; i++) socket.write(ping);
    expect((await victim.honest.connection.request(Uint8Array.of(1))).length).toBe(1);
    socket.destroy();
  });
});

describe('who says nothing', () => {
  test('is disconnected at the deadline, however far it came', async () => {
    const victim = await scene({ limits: { handshakeTimeoutMs: 200 } });
    await using _ = victim;
    const { hostname, port } = new URL(victim.address);
    const closes = [undefined, 'GET / HTTP/1.1\r\nHost: x\r\n'].map((text) => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => socket.destroy());
      socket.resume();
      if (text !== undefined) socket.write(text);
      return new Promise<void>((resolve) => socket.on('close', () => resolve()));
    });
    closes.push((await rawPeer(victim.address)).closed, (await upgraded(victim.address)).closed);
    await Promise.all(closes);
    expect(victim.accepted).toHaveLength(1);
    expect((await victim.honest.connection.request(Uint8Array.of(1))).length).toBe(1);
  });

  test('in great number keeps nobody out: the oldest gives way', async () => {
    const victim = await scene({ limits: { connectionsMax: 256, handshakeTimeoutMs: 60_000 } });
    await using _ = victim;
    const { hostname, port } = new URL(victim.address);
    const sockets = Array.from({ length: 500 }, () => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => socket.destroy());
      socket.resume();
      return socket;
    });
    await until(() => victim.transport.metrics.handshakesFailed >= 400);
    expect(await serves(victim.transport, victim.address)).toBe(true);
    expect((await victim.honest.connection.request(Uint8Array.of(1))).length).toBe(1);
    for (const socket of sockets) socket.destroy();
  });

  test('after the handshake is asked, and then given up: a half-open connection does not last', async () => {
    const victim = await scene({ keepAlive: { intervalMs: 50, missedMax: 2 } });
    await using _ = victim;
    const { socket } = await upgraded(victim.address);
    socket.write(webSocketFrame(0x82, hello()));
    socket.write(webSocketFrame(0x82, READY));
    await until(() => victim.accepted.length === 2);
    const end = await victim.accepted[1]?.ended;
    expect(end?.by).toBe('broken');
    expect(end?.error).toMatchObject({ code: 'Timeout', details: { operation: 'keep-alive' } });
    expect((await victim.honest.connection.request(Uint8Array.of(1))).length).toBe(1);
    socket.destroy();
  });
});

describe('what is not for us', () => {
  test('a plain GET is answered with 426 and one line', async () => {
    const victim = await scene();
    await using _ = victim;
    const response = await fetch(victim.address.replace('ws:', 'http:'));
    expect(response.status).toBe(426);
    const text = await response.text();
    expect(text.trimEnd().split('\n')).toHaveLength(1);
    expect(text).toContain('WebSocket');
  });

  test('another subprotocol, path or origin is refused', async () => {
    const victim = await scene();
    await using _ = victim;
    expect((await upgraded(victim.address, ['Origin: https://evil.example'])).status).toContain('403');
    expect((await upgraded(victim.address, ['Origin: null'])).status).toContain('403');
    const { hostname, port } = new URL(victim.address);
    await expect(rawPeer(`ws://${hostname}:${port}/elsewhere`)).rejects.toThrow('404');
    await expect(rawPeer(victim.address.concat('/x'))).rejects.toThrow('404');
    const other = connect(Number(port), hostname);
    other.on('error', () => other.destroy());
    other.write(
      `GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\n\r\n`,
    );
    const answer = await new Promise<Buffer>((resolve) => other.once('data', resolve));
    expect(answer.toString('latin1')).toContain('400');
    other.destroy();
    expect(victim.transport.metrics.handshakesFailed).toBe(5);
    expect((await victim.honest.connection.request(Uint8Array.of(1))).length).toBe(1);
  });

  test('an allowed origin may connect, and no other', async () => {
    const victim = await scene({ allowedOrigins: ['https://app.example', 'http://localhost:8080'] });
    await using _ = victim;
    for (const origin of ['https://app.example', 'http://localhost:8080']) {
      const { status, socket } = await upgraded(victim.address, [`Origin: ${origin}`]);
      expect(status).toContain('101');
      socket.destroy();
    }
    for (const origin of ['https://app.example.evil', 'http://app.example', 'https://app.example:444', 'null']) {
      expect((await upgraded(victim.address, [`Origin: ${origin}`])).status, origin).toContain('403');
    }
    expect(() => observed({ allowedOrigins: ['*'] })).toThrow(expect.objectContaining({ code: 'InvalidConfig' }));
    expect(() => observed({ allowedOrigins: ['https://a/b'] })).toThrow(
      expect.objectContaining({ code: 'InvalidConfig' }),
    );
  });

  test('an HTTP server of another kind is Unreachable', async () => {
    const { createServer } = await import('node:http');
    const server = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    await using side = observed();
    const page = browserTransport({ runtime: systemRuntime });
    for (const transport of [side.transport, page]) {
      const code = await codeOf(transport.dial(`ws://127.0.0.1:${port}`, { handshake: new TestHandshake('x') }));
      expect(code).toBe('Unreachable');
    }
    await page.close();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  });

  test('a port that another process holds is AddressInUse, one that cannot be bound InvalidConfig', async () => {
    const victim = await scene();
    await using _ = victim;
    await using side = observed({ plainOffLoopback: 'i-know-this-is-insecure' });
    expect(await codeOf(listen(side.transport, victim.address))).toBe('AddressInUse');
    expect(await codeOf(listen(side.transport, 'ws://192.0.2.1:0'))).toBe('InvalidConfig');
  });
});
