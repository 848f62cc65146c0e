import { systemRuntime } from '@flotilla/runtime/system';
import { transportConformance } from '@flotilla/transport/conformance';
import { describe, test } from 'vitest';
import { FakeNetwork, FakeTransport } from './fake-transport.js';
import { rawSession } from './raw-session.js';

describe('lanes on streams, over sessions in memory', () => {
  transportConformance(
    { describe, test },
    {
      create: async (limits) => {
        const network = new FakeNetwork();
        const dialler = new FakeTransport(network, limits);
        return {
          dialler,
          listener: new FakeTransport(network, limits),
          runtime: systemRuntime,
          address: 'fake://127.0.0.1:0',
          unreachable: 'fake://127.0.0.1:999',
          silent: 'fake://127.0.0.1:7',
          connectRaw: async (address) => rawSession(dialler.connect(address).dialled),
          settle: (work) => work,
        };
      },
      supports: { ports: true },
    },
  );
});
