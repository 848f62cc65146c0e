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

function suite(arrangement: Omit<Arrangement, 'cluster'>, lighter: number): void {
  afterAll(() => arrangement.peer[Symbol.asyncDispose]());
  const create = (limits: Parameters<ReturnType<typeof sessionsUnderTest>>[0]) =>
    sessionsUnderTest({ ...arrangement, cluster })(limits);
  quicConformance({ describe, test }, { create, lighter });
}

describe('a client and a listener on Node', () => {
  suite({ local: 'client', peer: new LocalPeerHost(), line: {} }, 1);
});

describe("a client on Node, a listener on Deno's own QUIC", () => {
  suite({ local: 'client', peer: new ProcessPeerHost('deno'), server: 'deno' }, 4);
});

describe("a client on Deno's own QUIC, a listener on Node that asks for its certificate", () => {
  suite({ local: 'server', peer: new ProcessPeerHost('deno') }, 4);
});

describe('WebTransport over HTTP/3 between programs on Node', () => {
  suite({ local: 'client', peer: new LocalPeerHost(), mode: 'webtransport' }, 8);
});
