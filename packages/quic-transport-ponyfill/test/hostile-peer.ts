// Peers that speak QUIC and break the protocol above it: bytes of any kind on the streams of a native session.
import { encodeControlFrame, type ControlFrame, VERSION } from '../src/framing/control-frames.js';
import { concatBytes } from '../src/http3/varint.js';
import type { NativeBackend, NativeSession, NativeStream } from '../src/native/native-session.js';
import { selectBackend } from '../src/native/select-backend.js';
import type { TestCluster } from './certificates.js';

/** Of the listeners in these tests. */
export const ALPN = 'hostile/1';

/** A client without manners. */
export async function rawClient(cluster: TestCluster, port: number, backend?: NativeBackend): Promise<NativeSession> {
  const stack = backend ?? (await selectBackend('auto', { clientCertificates: false }));
  return stack.connect({
    hostname: '127.0.0.1',
    port,
    serverName: 'node.flotilla',
    alpn: [ALPN],
    ca: cluster.authority.cert,
    cert: cluster.client.cert,
    key: cluster.client.key,
    idleTimeoutMs: 20_000,
    maxStreams: { bidirectional: 100, unidirectional: 100 },
    signal: AbortSignal.timeout(5_000),
  });
}

/** A hello as it should be. */
export const GOOD_HELLO: ControlFrame & { readonly type: 'client-hello' } = {
  type: 'client-hello',
  version: VERSION,
  nonce: new Uint8Array(32),
  limits: { maxBidirectional: 10, maxUnidirectional: 10, windowBytes: 1_000_000 },
};

/** Opens the control stream and says hello. */
export async function greeted(session: NativeSession): Promise<NativeStream> {
  const control = await session.openBidirectional();
  await control.write(concatBytes([0], encodeControlFrame(GOOD_HELLO)), false);
  await control.read();
  return control;
}
