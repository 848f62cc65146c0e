import { systemRuntime } from '@flotilla/runtime/system';
import type { TransportLimits } from '@flotilla/transport';
import { transportConformance, type TransportUnderTest } from '@flotilla/transport/conformance';
import { quicTransport } from '@flotilla/transport-quic';
import { describe, test } from 'vitest';
import { makeCertificate } from '../../transport-ws/test/certificates.js';
import { rawPeer, silentPort, unreachableAddress } from './raw-peers.js';

const certificates = (async () => {
  const authority = await makeCertificate({ commonName: 'test authority', authority: true });
  const node = await makeCertificate({ commonName: 'node', dnsNames: ['node.flotilla'], issuer: authority });
  return { ca: authority.cert, cert: node.cert, key: node.key };
})();

describe('QUIC with certificates on both sides', () => {
  transportConformance(
    { describe, test },
    {
      create: async (limits: Partial<TransportLimits>): Promise<TransportUnderTest> => {
        const tls = await certificates;
        const silent = await silentPort();
        const options = { runtime: systemRuntime, limits, tls };
        return {
          dialler: quicTransport(options),
          listener: quicTransport(options),
          runtime: systemRuntime,
          address: 'quic://127.0.0.1:0',
          unreachable: await unreachableAddress(),
          silent: silent.address,
          connectRaw: (address) => rawPeer(address, tls),
          settle: (work) => work,
          dispose: () => silent.close(),
        };
      },
      supports: { ports: true },
    },
  );
});
