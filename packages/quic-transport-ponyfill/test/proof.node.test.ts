// What a server's hello must prove, against servers with a certificate of the same authority that claim to be another.
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ControlFrameReader, encodeControlFrame, VERSION } from '../src/framing/control-frames.js';
import { type ProofContext, readIdentity, signProof } from '../src/framing/proof.js';
import { connect, listen, type QuicListener } from '../src/index.js';
import { libraryBackend } from '../src/native/node.js';
import type { NativeListener, NativeSession } from '../src/native/native-session.js';
import { makeCertificate, makeCluster, type TestCertificate, type TestCluster } from './certificates.js';
import { ALPN, rawClient } from './hostile-peer.js';

let cluster: TestCluster;
let other: TestCertificate;
let forged: TestCertificate;
let foreign: TestCluster;
const open: (NativeListener | QuicListener)[] = [];

beforeAll(async () => {
  cluster = await makeCluster();
  foreign = await makeCluster();
  [other, forged] = await Promise.all([
    makeCertificate({ commonName: 'other', dnsNames: ['node.flotilla'], issuer: cluster.authority }),
    makeCertificate({ commonName: 'server', dnsNames: ['node.flotilla'] }),
  ]);
});

afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close();
});

interface Answer {
  readonly chain: readonly Uint8Array[];
  readonly signature: Uint8Array;
}

/** A server whose TLS is in order (of `other`), and whose hello is what `answer` makes of the client's. @returns what the client says */
async function impostor(answer: (context: ProofContext) => Answer | Promise<Answer>): Promise<string> {
  const backend = await libraryBackend();
  const listener = await backend.listen({
    hostname: '127.0.0.1',
    port: 0,
    alpn: [ALPN],
    cert: other.cert,
    key: other.key,
    ca: cluster.authority.cert,
    clientAuth: 'require',
    idleTimeoutMs: 10_000,
    maxStreams: { bidirectional: 10, unidirectional: 10 },
    maxSessions: 10,
  });
  open.push(listener);
  void (async () => {
    const session = await listener.accept();
    if (session !== undefined) await greet(session, answer);
  })();
  const client = connect(`quic://127.0.0.1:${listener.address.port}`, {
    alpn: ALPN,
    tls: {
      ca: cluster.authority.cert,
      cert: cluster.client.cert,
      key: cluster.client.key,
      serverName: 'node.flotilla',
    },
  });
  const said = await client.ready.then(
    () => `ready with ${client.peerCertificate?.commonName}`,
    (error: unknown) => (error as { readonly code: string }).code,
  );
  await client[Symbol.asyncDispose]();
  return said;
}

async function greet(
  session: NativeSession,
  answer: (context: ProofContext) => Answer | Promise<Answer>,
): Promise<void> {
  const control = await session.acceptBidirectional();
  const frames = new ControlFrameReader();
  const first = await control?.read();
  frames.add((first ?? new Uint8Array(1)).subarray(1));
  const hello = frames.next();
  if (hello?.type !== 'client-hello') throw new Error('no hello');
  const { chain, signature } = await answer({ nonce: hello.nonce, clientLeaf: session.peerCertificates[0] });
  const { limits } = hello;
  await control?.write(encodeControlFrame({ type: 'server-hello', version: VERSION, limits, chain, signature }), false);
}

const signedBy = (certificate: TestCertificate, context: ProofContext): Uint8Array =>
  signProof(readIdentity(certificate.cert, certificate.key), context);

describe('a server with a certificate of the same authority', () => {
  test('is taken for what it is', async () => {
    const said = await impostor((context) => ({ chain: [other.der], signature: signedBy(other, context) }));
    expect(said).toBe('ready with other');
  });

  test('does not pass by showing the certificate of another', async () => {
    const said = await impostor((context) => ({ chain: [cluster.server.der], signature: signedBy(other, context) }));
    expect(said).toBe('PeerUnproven');
  });

  test('does not pass by a certificate that it has made itself', async () => {
    const said = await impostor((context) => ({ chain: [forged.der], signature: signedBy(forged, context) }));
    expect(said).toBe('PeerUnproven');
  });

  test('does not pass by a certificate of another authority of the same name', async () => {
    const { server, authority } = foreign;
    const chain = [server.der, authority.der];
    expect(await impostor((context) => ({ chain, signature: signedBy(server, context) }))).toBe('PeerUnproven');
  });

  test('does not pass by a leaf that its own leaf has issued', async () => {
    const below = await makeCertificate({ commonName: 'server', dnsNames: ['node.flotilla'], issuer: other });
    const chain = [below.der, other.der];
    expect(await impostor((context) => ({ chain, signature: signedBy(below, context) }))).toBe('PeerUnproven');
  });

  test('does not pass by handing on what the true server says to it', async () => {
    const honest = await listen({
      hostname: '127.0.0.1',
      alpn: ALPN,
      tls: { ca: cluster.authority.cert, cert: cluster.server.cert, key: cluster.server.key },
    });
    open.push(honest);
    const said = await impostor(async ({ nonce }) => {
      // It stands between: its own client certificate towards the server, the client's nonce in the hello.
      const backend = await libraryBackend();
      const asItself = { ...cluster, client: other };
      const session = await rawClient(asItself, honest.address.port, backend);
      const control = await session.openBidirectional();
      const limits = { maxBidirectional: 1, maxUnidirectional: 1, windowBytes: 1_000 };
      const hello = encodeControlFrame({ type: 'client-hello', version: VERSION, nonce, limits });
      await control.write(Uint8Array.of(0, ...hello), false);
      const frames = new ControlFrameReader();
      for (;;) {
        const answer = frames.next();
        if (answer?.type === 'server-hello') return answer;
        frames.add((await control.read()) ?? new Uint8Array(0));
      }
    });
    expect(said).toBe('PeerUnproven');
  });

  test('does not pass by an old signature', async () => {
    const said = await impostor(({ clientLeaf }) => ({
      chain: [other.der],
      signature: signedBy(other, { nonce: new Uint8Array(32), clientLeaf }),
    }));
    expect(said).toBe('PeerUnproven');
  });

  test('does not pass by nothing, or by noise', async () => {
    expect(await impostor(() => ({ chain: [], signature: new Uint8Array(0) }))).toBe('PeerUnproven');
    expect(await impostor(() => ({ chain: [Uint8Array.of(1, 2, 3)], signature: new Uint8Array(64) }))).toBe(
      'PeerUnproven',
    );
    expect(await impostor(() => ({ chain: [other.der], signature: new Uint8Array(64) }))).toBe('PeerUnproven');
  });
});

test('Ed25519 proves as well', async () => {
  const server = await makeCertificate({
    commonName: 'edwards',
    dnsNames: ['node.flotilla'],
    issuer: cluster.authority,
    algorithm: 'Ed25519',
  });
  const context: ProofContext = { nonce: new Uint8Array(32).fill(7), clientLeaf: undefined };
  const { checkProof } = await import('../src/framing/proof.js');
  const expected = { ca: cluster.authority.cert, serverName: 'node.flotilla', hashes: undefined, now: Date.now() };
  expect(checkProof([server.der], signedBy(server, context), context, expected)).toEqual(server.der);
});
