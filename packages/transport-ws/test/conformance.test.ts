import { systemRuntime } from '@flotilla/runtime/system';
import type { Transport, TransportLimits } from '@flotilla/transport';
import { transportConformance, type TransportUnderTest } from '@flotilla/transport/conformance';
import { webSocketTransport } from '@flotilla/transport-ws';
import { webSocketTransport as browserTransport } from '@flotilla/transport-ws/browser';
import { describe, test } from 'vitest';
import { makeCertificate } from './certificates.js';
import { rawPeer, silentListener, unreachableAddress } from './raw-peers.js';

async function underTest(dialler: Transport, listener: Transport, address: string): Promise<TransportUnderTest> {
  const silent = await silentListener();
  return {
    dialler,
    listener,
    runtime: systemRuntime,
    address,
    unreachable: await unreachableAddress(),
    silent: silent.address,
    connectRaw: rawPeer,
    settle: (work) => work,
    dispose: () => silent.close(),
  };
}

describe('WebSocket on loopback', () => {
  transportConformance(
    { describe, test },
    {
      create: (limits) =>
        underTest(
          webSocketTransport({ runtime: systemRuntime, limits }),
          webSocketTransport({ runtime: systemRuntime, limits }),
          'ws://127.0.0.1:0',
        ),
      supports: { ports: true },
    },
  );
});

describe('the WebSocket of the web, dialling', () => {
  transportConformance(
    { describe, test },
    {
      create: (limits) =>
        underTest(
          browserTransport({ runtime: systemRuntime, limits }),
          webSocketTransport({ runtime: systemRuntime, limits }),
          'ws://127.0.0.1:0',
        ),
      supports: { ports: true },
    },
  );
});

describe('WebSocket over mutual TLS', () => {
  const certificates = (async () => {
    const authority = await makeCertificate({ commonName: 'test authority', authority: true });
    const node = await makeCertificate({ commonName: 'node', dnsNames: ['node'], issuer: authority });
    return { ca: authority.cert, cert: node.cert, key: node.key, serverName: 'node' };
  })();
  const secure = async (limits: Partial<TransportLimits>): Promise<TransportUnderTest> => {
    const tls = await certificates;
    const options = { runtime: systemRuntime, limits, tls };
    const under = await underTest(webSocketTransport(options), webSocketTransport(options), 'wss://127.0.0.1:0');
    return {
      ...under,
      unreachable: under.unreachable.replace('ws:', 'wss:'),
      silent: (under.silent ?? '').replace('ws:', 'wss:'),
      connectRaw: (address) => rawPeer(address, { ca: tls.ca, cert: tls.cert, key: tls.key, servername: 'node' }),
    };
  };
  transportConformance({ describe, test }, { create: secure, supports: { ports: true } });
});
