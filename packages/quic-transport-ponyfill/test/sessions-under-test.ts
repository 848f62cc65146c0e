import { type Conditions, startUdpProxy, type UdpProxy } from '@flotilla/udp-proxy';
import type { QuicConformanceOptions, SessionUnderTest } from '../src/conformance.js';
import { type BackendChoice, connect, listen, type QuicSession, type SessionLimits } from '../src/index.js';
import type { TestCluster } from './certificates.js';
import type { PeerHost } from './processes/peer-host.js';

/** Which side is here, where the other is, and what lies between. */
export interface Arrangement {
  /** What this process is to be. */
  readonly local: 'client' | 'server';
  readonly peer: PeerHost;
  readonly cluster: TestCluster;
  /** Of the client and of the server. Deno's own QUIC listens without client certificates. */
  readonly client?: BackendChoice;
  readonly server?: BackendChoice;
  /** Default `quic`. */
  readonly mode?: 'quic' | 'webtransport';
  /** If given, packets go through a proxy. */
  readonly line?: Conditions;
}

const ALPN = 'conformance/1';

/** Makes the suite's `create` of an arrangement. */
export function sessionsUnderTest(arrangement: Arrangement): QuicConformanceOptions['create'] {
  return async (limits) => {
    await using stack = new AsyncDisposableStack();
    const made = await make(arrangement, limits, stack);
    const owned = stack.move();
    return { ...made, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  };
}

async function make(
  arrangement: Arrangement,
  limits: SessionLimits,
  stack: AsyncDisposableStack,
): Promise<Omit<SessionUnderTest, typeof Symbol.asyncDispose>> {
  const { peer, line, local } = arrangement;
  const listenOptions = { ...limits, ...listening(arrangement) };
  const connectOptions = { ...limits, ...dialling(arrangement) };
  let proxy: UdpProxy | undefined;
  const through = async (port: number): Promise<string> => {
    const scheme = arrangement.mode === 'webtransport' ? 'https' : 'quic';
    const path = arrangement.mode === 'webtransport' ? '/conformance' : '';
    if (line === undefined) return `${scheme}://127.0.0.1:${port}${path}`;
    proxy = stack.use(await startUdpProxy({ target: { hostname: '127.0.0.1', port }, conditions: line, seed: port }));
    return `${scheme}://127.0.0.1:${proxy.address.port}${path}`;
  };
  const kill = peer.kill?.bind(peer) ?? (line === undefined ? undefined : async () => cutBoth(proxy));
  if (local === 'client') {
    const remote = await peer.listen(listenOptions);
    stack.defer(() => remote.release());
    const session = stack.use(connect(await through(remote.port), connectOptions));
    await session.ready;
    return { session, peerEnded: () => remote.ended, ...(kill === undefined ? {} : { kill }) };
  }
  const listener = stack.use(await listen(listenOptions));
  const [remote, session] = await Promise.all([
    peer.dial(await through(listener.address.port), connectOptions),
    first(listener),
  ]);
  stack.defer(() => remote.release());
  return { session, peerEnded: () => remote.ended, ...(kill === undefined ? {} : { kill }) };
}

async function cutBoth(proxy: UdpProxy | undefined): Promise<void> {
  proxy?.cut('to-client');
  proxy?.cut('to-target');
}

function listening({ cluster, server = 'auto', mode = 'quic' }: Arrangement): Parameters<typeof listen>[0] {
  const { cert, key } = cluster.server;
  const mutual = server !== 'deno' && mode === 'quic';
  return {
    mode,
    hostname: '127.0.0.1',
    ...(mode === 'quic' ? { alpn: ALPN } : {}),
    backend: server,
    connectTimeoutMs: 10_000,
    tls: { cert, key, ...(mutual ? { ca: cluster.authority.cert } : {}) },
  };
}

function dialling({
  cluster,
  client = 'auto',
  server = 'auto',
  mode = 'quic',
}: Arrangement): Parameters<typeof connect>[1] {
  const { cert, key } = cluster.client;
  const mutual = server !== 'deno' && mode === 'quic';
  return {
    ...(mode === 'quic' ? { alpn: ALPN } : {}),
    backend: client,
    // Before a first answer nothing is known of the round trip, and what is lost is sent again after 1, 2, 4, 8 s: where packets are lost, one of hundreds of sessions takes long.
    connectTimeoutMs: 60_000,
    tls: { ca: cluster.authority.cert, serverName: 'node.flotilla', ...(mutual ? { cert, key } : {}) },
  };
}

async function first(sessions: AsyncIterable<QuicSession>): Promise<QuicSession> {
  for await (const session of sessions) return session;
  throw new Error('the listener ended');
}
