import { systemRuntime } from '@flotilla/runtime/system';
import type { Transport, TransportLimits } from '@flotilla/transport';
import { transportConformance, type TransportUnderTest } from '@flotilla/transport/conformance';
import { quicTransport } from '@flotilla/transport-quic';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { makeCluster } from './certificates.js';
import { LossyListening } from './lossy-transport.js';
import { ProxyProcess } from './proxy-process.js';
import { rawPeer, silentPort, unreachableAddress } from './raw-peers.js';

const cluster = makeCluster();

async function underTest(
  limits: Partial<TransportLimits>,
  listening: (transport: Transport) => Transport = (transport) => transport,
  scheme: 'quic' | 'wt' = 'quic',
): Promise<TransportUnderTest> {
  const { tls } = await cluster;
  const silent = await silentPort();
  // A hundred dials at once, on a machine that has other things to do.
  const options = { runtime: systemRuntime, limits: { handshakeTimeoutMs: 10_000, ...limits }, tls };
  return {
    dialler: quicTransport(options),
    listener: listening(quicTransport(options)),
    runtime: systemRuntime,
    address: `${scheme}://127.0.0.1:0`,
    unreachable: (await unreachableAddress()).replace('quic', scheme),
    silent: silent.address.replace('quic', scheme),
    connectRaw: (address) => rawPeer(address, tls),
    settle: (work) => work,
    dispose: () => silent.close(),
  };
}

/**
 * Where packets are lost a dial needs its time, also where the suite gives it little: before a first answer nothing is known of the round trip,
 * and what is lost is sent again after 1, 2, 4, 8 s. Of hundreds of dials that lose a packet in twenty, one loses four in a row.
 */
function patient(limits: Partial<TransportLimits>): Partial<TransportLimits> {
  const { handshakeTimeoutMs: given } = limits;
  return { ...limits, handshakeTimeoutMs: given === undefined ? 20_000 : 8 * given };
}

describe('QUIC with certificates on both sides', () => {
  transportConformance({ describe, test }, { create: underTest, supports: { ports: true } });
});

describe('WebTransport, dialled without a browser', () => {
  transportConformance(
    { describe, test },
    { create: (limits) => underTest(limits, (transport) => transport, 'wt'), supports: { ports: true } },
  );
});

for (const percent of [1, 5]) {
  describe(`QUIC that loses ${percent} % of its packets, and reorders the others`, () => {
    let proxies: ProxyProcess;
    beforeAll(async () => {
      proxies = await ProxyProcess.start();
    });
    afterAll(() => proxies.close());
    const conditions = { lossRate: percent / 100, delayMs: { min: 0, max: 1.5 } };
    transportConformance(
      { describe, test },
      {
        create: (limits) =>
          underTest(patient(limits), (transport) => new LossyListening(transport, proxies, conditions)),
        supports: { ports: true },
      },
    );
  });
}
