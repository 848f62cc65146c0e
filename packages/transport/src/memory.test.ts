import type { Runtime } from '@flotilla/runtime';
import { systemRuntime } from '@flotilla/runtime/system';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import { describe, test } from 'vitest';
import { transportConformance, type TransportUnderTest } from './conformance.js';
import type { TransportLimits } from './index.js';
import { exponentialDelay, MemoryNetwork } from './memory.js';

type Settle = <T>(work: Promise<T>) => Promise<T>;

/** The dialling side has a clock of its own where `own` is given. */
function underTest(
  network: MemoryNetwork,
  runtime: Runtime,
  settle: Settle,
  limits: Partial<TransportLimits>,
  own?: Runtime,
): TransportUnderTest {
  network.cut('silent', 'dialler');
  return {
    dialler: network.transport('dialler', { limits, ...(own === undefined ? {} : { runtime: own }) }),
    listener: network.transport('listener', { limits }),
    runtime,
    address: 'mem://listener:0',
    unreachable: 'mem://nobody:1',
    silent: 'mem://silent',
    connectRaw: async (address) => {
      const socket = await network.connectRaw('raw', address);
      const closed = new Promise<void>((resolve) => {
        socket.attach({ message: () => {}, sent: () => {}, closed: () => resolve() });
      });
      return { send: (message) => socket.send(message), closed, close: () => socket.end() };
    },
    settle,
  };
}

describe('the memory network in real time', () => {
  transportConformance(
    { describe, test },
    {
      create: async (limits) =>
        underTest(new MemoryNetwork({ runtime: systemRuntime }), systemRuntime, (work) => work, limits),
      supports: { ports: true },
    },
  );
});

const latencies = {
  'without latency': 0,
  'with an exponential latency': exponentialDelay(10, { minMs: 1, maxMs: 200 }),
};

for (const [name, latency] of Object.entries(latencies)) {
  describe(`the memory network in virtual time ${name}`, () => {
    transportConformance(
      { describe, test },
      {
        create: async (limits) => {
          const world = new VirtualWorld({ seed: name });
          const runtime = world.createRuntime();
          const network = new MemoryNetwork({ runtime, latency, seed: name });
          const settle: Settle = (work) => world.settle(work, { deadlineMs: 600_000 });
          return underTest(network, runtime, settle, limits, world.createRuntime());
        },
        supports: { ports: true },
      },
    );
  });
}
