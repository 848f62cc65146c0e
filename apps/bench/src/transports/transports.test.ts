import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { hubRendezvous, messagePortTransport, PortHub } from '@flotilla/transport-message-port';
import { webSocketTransport } from '@flotilla/transport-ws';
import { describe, expect, test } from 'vitest';
import { connectionWire, openHandshake } from './connection-wire.js';
import { listenOn } from './carriers.js';
import { measureWire } from './measure-wire.js';
import { medianOf } from './measured-median.js';
import type { ClientPlan, Measured } from './plan.js';
import { rawPortWire, serveRawPort } from './raw-port.js';
import { dialRawWebSocket, listenRawWebSocket } from './raw-web-socket.js';
import { table } from './table.js';
import { runTransports } from './transports-command.js';
import type { Wire } from './wire.js';

const plan: ClientPlan = { carrier: 'ws', address: '', tls: undefined, seconds: 0.02, snapshotRate: 1e7 };

/** Measures a wire, and closes it. */
async function measured(wire: Wire): Promise<Measured> {
  const figures = await measureWire(wire, plan);
  await wire.close();
  return figures;
}

function expectFigures(figures: Measured): void {
  expect(Object.keys(figures.frames)).toEqual(['64x1', '64x64', '1024x1', '1024x64']);
  for (const { perSecond, p50, p99 } of Object.values({ ...figures.frames, ...figures.requests })) {
    expect(perSecond).toBeGreaterThan(0);
    expect(p99).toBeGreaterThanOrEqual(p50);
  }
  expect(figures.streamMiB).toBeGreaterThan(0);
  expect(figures.snapshotMiB).toBeGreaterThan(0);
  expect(figures.heartbeatAlone.p99).toBeGreaterThan(0);
  expect(figures.heartbeatBesideSnapshot.p99).toBeGreaterThan(0);
}

describe('every carrier is measured in the same way', () => {
  test('a bare WebSocket', async () => {
    const figures = await measured(await dialRawWebSocket(await listenRawWebSocket()));
    expectFigures(figures);
    expect(figures.requests).toBeUndefined();
  });

  test('a bare port', async () => {
    const { port1, port2 } = new MessageChannel();
    serveRawPort(port2 as never);
    expectFigures(await measured(rawPortWire(port1 as never)));
  });

  test('our WebSockets', async () => {
    await using transport = webSocketTransport({ runtime });
    const address = await listenOn(transport, 'ws://127.0.0.1:0');
    const figures = await measured(connectionWire(await transport.dial(address, { handshake: openHandshake })));
    expectFigures(figures);
    expect(Object.keys(figures.requests ?? {})).toEqual(['1', '64']);
  });

  test('our ports', async () => {
    const hub = new PortHub({ runtime });
    await using there = messagePortTransport({ runtime, rendezvous: hubRendezvous(hub.link().port) });
    await using here = messagePortTransport({ runtime, rendezvous: hubRendezvous(hub.link().port) });
    const address = await listenOn(there, 'port://server');
    expectFigures(await measured(connectionWire(await here.dial(address, { handshake: openHandshake }))));
    hub.close();
  });
});

const of = (figure: number): Measured => {
  const delays = { p50: figure, p99: figure * 2 };
  const trips = { perSecond: figure, ...delays };
  return {
    frames: { '64x1': trips, '64x64': trips, '1024x1': trips, '1024x64': trips },
    requests: { '1': trips, '64': trips },
    streamMiB: figure,
    heartbeatAlone: delays,
    heartbeatBesideSnapshot: delays,
    snapshotMiB: figure,
  };
};

test('each figure is the median of its runs', () => {
  expect(medianOf([of(1), of(9), of(2)])).toEqual(of(2));
  const { requests, ...bare } = of(3);
  expect(requests).toBeDefined();
  expect(medianOf([{ ...bare, requests: undefined }])).toEqual({ ...bare, requests: undefined });
});

test('the table has a row for each combination, ratios to WebSocket, and says what was not measured', () => {
  const cell = { client: 'node', server: 'deno', loss: 0.01 } as const;
  const lines = table([
    { cell: { ...cell, carrier: 'ws' }, measured: of(4) },
    { cell: { ...cell, carrier: 'quic' }, measured: of(2) },
    { cell: { ...cell, carrier: 'wss' }, reason: 'no packet is lost on this machine' },
  ]);
  expect(lines.filter((line) => /^ *quic /.test(line)).map((line) => line.trim().split(/\s+/).slice(0, 6))).toEqual([
    ['quic', 'node', 'deno', '1', '2', '2000/4000'],
    ['quic', 'node', 'deno', '1', '0.50', '0.50'],
  ]);
  expect(lines.filter((line) => line.includes('wss'))).toEqual([
    expect.stringMatching(/not measured: no packet is lost on this machine$/),
  ]);
});

test.each([
  [['--carriers', 'pigeon'], /--carriers pigeon/],
  [['--pairs', 'node-bun'], /--pairs/],
  [['--pairs', 'node'], /--pairs node/],
  [['--loss', '100'], /--loss 100/],
  [['--runs', '0'], /--runs 0/],
  [['--network', 'far'], /--network far/],
  [['--speed', '1'], /speed/],
])('refuses %j', async (words, reason) => {
  await expect(runTransports(words, () => undefined)).rejects.toThrow(reason);
});
