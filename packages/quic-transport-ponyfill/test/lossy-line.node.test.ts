// What the stacks are known to get wrong under loss (docs/quic.md): a FIN lost for ever, writes that stall. Also reordering and doubles.
import { afterAll, beforeAll, describe, test } from 'vitest';
import { quicConformance } from '../src/conformance.js';
import { makeCluster, type TestCluster } from './certificates.js';
import { LocalPeerHost } from './processes/peer-host.js';
import { ProcessPeerHost } from './processes/process-peer-host.js';
import { type Arrangement, sessionsUnderTest } from './sessions-under-test.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await makeCluster();
});

function suite(arrangement: Omit<Arrangement, 'cluster'>): void {
  afterAll(() => arrangement.peer[Symbol.asyncDispose]());
  const create = (limits: Parameters<ReturnType<typeof sessionsUnderTest>>[0]) =>
    sessionsUnderTest({ ...arrangement, cluster })(limits);
  quicConformance({ describe, test }, { create, lighter: 20 });
}

const ONE_PERCENT = { lossRate: 0.01, delayMs: { min: 0, max: 2 }, duplicateRate: 0.01 } as const;
const FIVE_PERCENT = { lossRate: 0.05, delayMs: { min: 0, max: 2 }, reorderRate: 0.02, reorderByMs: 5 } as const;

describe('Node and Node, 1 % lost', () => {
  suite({ local: 'client', peer: new LocalPeerHost(), line: ONE_PERCENT });
});

describe("a client on Node, Deno's own QUIC listening, 5 % lost and some reordered", () => {
  suite({ local: 'client', peer: new ProcessPeerHost('deno'), server: 'deno', line: FIVE_PERCENT });
});

describe("a client of Deno's own QUIC, a listener on Node, 5 % lost and some reordered", () => {
  suite({ local: 'server', peer: new ProcessPeerHost('deno'), line: FIVE_PERCENT });
});
