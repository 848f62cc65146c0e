import { systemRuntime } from '@flotilla/runtime/system';
import type { Transport, TransportLimits } from '@flotilla/transport';
import { transportConformance, type TransportUnderTest } from '@flotilla/transport/conformance';
import { quicTransport } from '@flotilla/transport-quic';
import { describe, test } from 'vitest';
import { makeCluster } from './certificates.js';
import { LossyListening } from './lossy-transport.js';
import { rawPeer, silentPort, unreachableAddress } from './raw-peers.js';

const cluster = makeCluster();

async function underTest(
  limits: Partial<TransportLimits>,
  listening: (transport: Transport) => Transport = (transport) => transport,
): Promise<TransportUnderTest> {
  const { tls } = await cluster;
  const silent = await silentPort();
  const options = { runtime: systemRuntime, limits, tls };
  return {
    dialler: quicTransport(options),
    listener: listening(quicTransport(options)),
    runtime: systemRuntime,
    address: 'quic://127.0.0.1:0',
    unreachable: await unreachableAddress(),
    silent: silent.address,
    connectRaw: (address) => rawPeer(address, tls),
    settle: (work) => work,
    dispose: () => silent.close(),
  };
}

describe('QUIC with certificates on both sides', () => {
  transportConformance({ describe, test }, { create: underTest, supports: { ports: true } });
});

for (const percent of [1, 5]) {
  describe(`QUIC that loses ${percent} % of its packets, and reorders the others`, () => {
    const conditions = { lossRate: percent / 100, delayMs: { min: 0, max: 3 } };
    transportConformance(
      { describe, test },
      {
        // Two first packets in a row may be lost.
        create: (limits) =>
          underTest(
            { handshakeTimeoutMs: 15_000, ...limits },
            (transport) => new LossyListening(transport, conditions),
          ),
        supports: { ports: true },
      },
    );
  });
}
