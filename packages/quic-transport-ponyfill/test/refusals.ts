// Certificates and protocols that must be refused, each told apart, whichever stacks are on the two sides.
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type BackendChoice,
  connect,
  isQuicError,
  listen,
  type ListenTlsOptions,
  type QuicErrorCode,
} from '../src/index.js';
import { makeCertificate, makeCluster, type TestCertificate, type TestCluster } from './certificates.js';

/** Which stacks are on the two sides, and what they cannot tell apart. */
export interface RefusalStacks {
  readonly client: BackendChoice;
  readonly server: BackendChoice;
  /** What a protocol in common that is missing looks like. */
  readonly wrongAlpn: readonly QuicErrorCode[];
}

const HOUR_MS = 3_600_000;

interface World extends TestCluster {
  readonly foreign: TestCluster;
  readonly expired: TestCertificate;
  readonly future: TestCertificate;
  readonly selfSigned: TestCertificate;
  readonly authorityAsPeer: TestCertificate;
}

async function makeWorld(): Promise<World> {
  const cluster = await makeCluster();
  const leaf = { commonName: 'leaf', dnsNames: ['node.flotilla'] } as const;
  const issued = { ...leaf, issuer: cluster.authority };
  const [foreign, expired, future, selfSigned, authorityAsPeer] = await Promise.all([
    makeCluster(),
    makeCertificate({ ...issued, fromMs: -2 * HOUR_MS, toMs: -HOUR_MS }),
    makeCertificate({ ...issued, fromMs: HOUR_MS, toMs: 2 * HOUR_MS }),
    makeCertificate(leaf),
    makeCertificate({ ...issued, authority: true }),
  ]);
  return { ...cluster, foreign, expired, future, selfSigned, authorityAsPeer };
}

/** Registers the tests. */
export function refusalTests({ client, server, wrongAlpn }: RefusalStacks): void {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld();
  });

  interface Attempt {
    readonly server?: (world: World) => TestCertificate;
    /** Client certificates that the server takes; none are asked for if not given. */
    readonly trusted?: (world: World) => TestCertificate;
    readonly client?: (world: World) => TestCertificate;
    readonly ca?: (world: World) => TestCertificate;
    readonly serverName?: string;
    readonly alpn?: string;
  }

  async function attempt(given: Attempt): Promise<{ readonly code: string; readonly ms: number }> {
    const { cert, key } = (given.server ?? (() => world.server))(world);
    const trusted = given.trusted?.(world).cert;
    const tls: ListenTlsOptions = { cert, key, ...(trusted === undefined ? {} : { ca: trusted }) };
    await using listener = await listen({ hostname: '127.0.0.1', alpn: 'test/1', backend: server, tls });
    const own = given.client?.(world);
    const session = connect(`quic://127.0.0.1:${listener.address.port}`, {
      alpn: given.alpn ?? 'test/1',
      backend: client,
      tls: {
        ca: (given.ca ?? (() => world.authority))(world).cert,
        serverName: given.serverName ?? 'node.flotilla',
        ...(own === undefined ? {} : { cert: own.cert, key: own.key }),
      },
    });
    const began = performance.now();
    const code = await session.ready.then(
      () => 'ready',
      (error: unknown) => (isQuicError(error) ? error.code : String(error)),
    );
    const ms = performance.now() - began;
    await session[Symbol.asyncDispose]();
    return { code, ms };
  }

  async function expectCode(given: Attempt, ...codes: readonly string[]): Promise<void> {
    const { code, ms } = await attempt(given);
    expect(codes).toContain(code);
    // The connect timeout is 3 s: nobody waits longer, whatever is wrong.
    expect(ms).toBeLessThan(20_000);
  }

  describe('the server is refused', () => {
    test('nothing is wrong', () => expectCode({}, 'ready'));
    test('of another authority', () => expectCode({ ca: (w) => w.foreign.authority }, 'CertificateUntrusted'));
    test('under another name', () => expectCode({ serverName: 'other.example' }, 'CertificateNameMismatch'));
    test('expired', () => expectCode({ server: (w) => w.expired }, 'CertificateExpired'));
    test('not yet valid', () => expectCode({ server: (w) => w.future }, 'CertificateExpired'));
    test('self-signed', () => expectCode({ server: (w) => w.selfSigned }, 'CertificateUntrusted'));
    test('an authority itself', () =>
      expectCode(
        { server: (w) => w.authorityAsPeer },
        'PeerUnproven',
        'CertificateUntrusted',
        'CertificateNameMismatch',
      ));
    test('of another protocol', () => expectCode({ alpn: 'test/2' }, ...wrongAlpn));
  });

  if (server !== 'deno') {
    const trusted = (w: World): TestCertificate => w.authority;
    describe('the client is refused', () => {
      test('nothing is wrong', () => expectCode({ trusted, client: (w) => w.client }, 'ready'));
      test('without a certificate', () => expectCode({ trusted }, 'ClientCertificateRequired'));
      test('of another authority', () =>
        expectCode({ trusted, client: (w) => w.foreign.client }, 'ClientCertificateRefused'));
      test('expired', () => expectCode({ trusted, client: (w) => w.expired }, 'ClientCertificateRefused'));
      test('not yet valid', () => expectCode({ trusted, client: (w) => w.future }, 'ClientCertificateRefused'));
      test('self-signed', () => expectCode({ trusted, client: (w) => w.selfSigned }, 'ClientCertificateRefused'));
      test('an authority itself', () =>
        expectCode({ trusted, client: (w) => w.authorityAsPeer }, 'ClientCertificateRefused'));
    });
  }

  test('a server that did not look at the client certificate is not the one that a bound client wants', () =>
    expectCode({ client: (w) => w.client }, 'PeerUnproven'));

  test('a server may be known by the hash of its certificate alone, where the stack can', async () => {
    await using listener = await listen({ hostname: '127.0.0.1', backend: server, tls: world.server });
    const dial = async (of: TestCertificate): Promise<string> => {
      const value = new Uint8Array(await crypto.subtle.digest('SHA-256', of.der));
      await using session = connect(`quic://127.0.0.1:${listener.address.port}`, {
        backend: client,
        serverCertificateHashes: [{ algorithm: 'sha-256', value }],
      });
      return await session.ready.then(
        () => 'ready',
        (error: unknown) => (isQuicError(error) ? error.code : String(error)),
      );
    };
    const [right, wrong] = [await dial(world.server), await dial(world.client)];
    if (client === 'library') expect([right, wrong]).toEqual(['Unsupported', 'Unsupported']);
    else expect([right, wrong]).toEqual(['ready', 'CertificateUntrusted']);
  });

  test('where nobody listens the attempt ends in time', async () => {
    const listener = await listen({ hostname: '127.0.0.1', backend: server, tls: world.server });
    await listener.close();
    const session = connect(`quic://127.0.0.1:${listener.address.port}`, {
      backend: client,
      connectTimeoutMs: 300,
      tls: { ca: world.authority.cert, serverName: 'node.flotilla' },
    });
    await expect(session.ready).rejects.toMatchObject({ code: 'ConnectTimeout' });
    await expect(session.closed).rejects.toMatchObject({ code: 'ConnectTimeout' });
  });

  test('an attempt ends with its signal, and a session is closed by it', async () => {
    await using listener = await listen({ hostname: '127.0.0.1', backend: server, tls: world.server });
    const url = `quic://127.0.0.1:${listener.address.port}`;
    const tls = { ca: world.authority.cert, serverName: 'node.flotilla' } as const;
    const early = new AbortController();
    const reason = new Error('changed my mind');
    const attempted = connect(url, { backend: client, tls, signal: early.signal });
    early.abort(reason);
    await expect(attempted.ready).rejects.toBe(reason);
    const before = connect(url, { backend: client, tls, signal: AbortSignal.abort(reason) });
    await expect(before.ready).rejects.toBe(reason);
    const late = new AbortController();
    const session = connect(url, { backend: client, tls, signal: late.signal });
    await session.ready;
    late.abort(reason);
    await expect(session.closed).resolves.toMatchObject({ closeCode: 0 });
  });

  test('both sides know the other by name and key', async () => {
    const mutual = server !== 'deno';
    const { cert, key } = world.server;
    await using listener = await listen({
      hostname: '127.0.0.1',
      backend: server,
      tls: { cert, key, ...(mutual ? { ca: world.authority.cert } : {}) },
    });
    await using session = connect(`quic://127.0.0.1:${listener.address.port}`, {
      backend: client,
      tls: {
        ca: world.authority.cert,
        serverName: 'node.flotilla',
        ...(mutual ? { cert: world.client.cert, key: world.client.key } : {}),
      },
    });
    await session.ready;
    const { value: accepted } = await listener[Symbol.asyncIterator]().next();
    const spki = async (of: TestCertificate): Promise<Uint8Array> => {
      const exported = await crypto.subtle.exportKey('spki', of.keys.publicKey);
      return new Uint8Array(await crypto.subtle.digest('SHA-256', exported));
    };
    expect(session.peerCertificate).toMatchObject({
      commonName: 'server',
      dnsNames: ['node.flotilla', 'localhost'],
      ipAddresses: ['127.0.0.1', '::1'],
      spkiSha256: await spki(world.server),
      der: world.server.der,
    });
    if (!mutual) {
      expect(accepted.peerCertificate).toBeUndefined();
      return;
    }
    expect(accepted.peerCertificate).toMatchObject({
      commonName: 'client',
      dnsNames: ['node.flotilla', 'node-7.node.flotilla'],
      spkiSha256: await spki(world.client),
    });
  });

  test('a taken port, a key of another certificate, nonsense', async () => {
    const { cert, key } = world.server;
    await using listener = await listen({ hostname: '127.0.0.1', backend: server, tls: { cert, key } });
    const again = listen({ hostname: '127.0.0.1', port: listener.address.port, backend: server, tls: { cert, key } });
    await expect(again).rejects.toMatchObject({ code: 'ListenFailed' });
    await expect(listen({ backend: server, tls: { cert, key: world.client.key } })).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
    await expect(listen({ backend: server, tls: { cert: 'no', key: 'no' } })).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
    expect(() => connect('ftp://nobody')).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
    expect(() => connect('quic://127.0.0.1')).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
    expect(() => connect('quic://127.0.0.1:1', { idleTimeoutMs: 0 })).toThrow(
      expect.objectContaining({ code: 'InvalidArgument' }),
    );
  });

  test('a listener drains: clients are asked to leave', async () => {
    await using listener = await listen({ hostname: '127.0.0.1', backend: server, tls: world.server });
    await using session = connect(`quic://127.0.0.1:${listener.address.port}`, {
      backend: client,
      tls: { ca: world.authority.cert, serverName: 'node.flotilla' },
    });
    await session.ready;
    await listener[Symbol.asyncIterator]().next();
    listener.drain();
    await session.draining;
    await listener.close({ closeCode: 12, reason: 'gone home' });
    await expect(session.closed).resolves.toEqual({ closeCode: 12, reason: 'gone home' });
  });
}
