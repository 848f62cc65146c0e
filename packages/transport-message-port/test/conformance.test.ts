import { systemRuntime as runtime } from '@flotilla/runtime/system';
import type { TransportLimits } from '@flotilla/transport';
import { transportConformance, type TransportUnderTest } from '@flotilla/transport/conformance';
import { describe, test } from 'vitest';
import {
  broadcastRendezvous,
  hubRendezvous,
  messagePortTransport,
  PortHub,
  type PortRendezvous,
} from '../src/index.js';
import { rawPeer } from './raw-peer.js';

let channels = 0;

async function underTest(
  limits: Partial<TransportLimits>,
  rendezvous: () => PortRendezvous,
  dispose: () => void,
): Promise<TransportUnderTest> {
  const silent = rendezvous();
  const raw = rendezvous();
  await silent.listen('silent', () => undefined);
  return {
    dialler: messagePortTransport({ runtime, limits, rendezvous: rendezvous() }),
    listener: messagePortTransport({ runtime, limits, rendezvous: rendezvous() }),
    runtime,
    address: 'port://n1',
    unreachable: 'port://nobody',
    silent: 'port://silent',
    connectRaw: (address) => rawPeer(raw, address),
    settle: (work) => work,
    dispose: () => {
      silent.close();
      raw.close();
      dispose();
      return Promise.resolve();
    },
  };
}

describe('message ports by a hub', () => {
  transportConformance(
    { describe, test },
    {
      create: (limits) => {
        const hub = new PortHub({ runtime });
        return underTest(
          limits,
          () => hubRendezvous(hub.link().port),
          () => hub.close(),
        );
      },
      supports: { ports: false },
    },
  );
});

describe('a broadcast channel', () => {
  transportConformance(
    { describe, test },
    {
      create: (limits) => {
        const channel = `conformance ${++channels} ${runtime.random()}`;
        const rendezvous = (): PortRendezvous => broadcastRendezvous({ runtime, channel, claimMs: 30, answerMs: 500 });
        return underTest(limits, rendezvous, () => undefined);
      },
      supports: { ports: false },
    },
  );
});
