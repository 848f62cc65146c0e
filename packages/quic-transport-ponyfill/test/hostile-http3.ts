// Clients of ALPN h3 that write garbage, over real QUIC: a listener of pages goes on serving the others.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connect, listen } from '../src/index.js';
import type { NativeSession } from '../src/native/native-session.js';
import { selectBackend } from '../src/native/select-backend.js';
import { makeCluster } from './certificates.js';

const CONTROL_WITH_SETTINGS = Uint8Array.of(0, 4, 2, 0x33, 1);

/** Registers the tests. */
export function hostileHttp3Tests(): void {
  test('garbage on any stream ends its own connection at most', async () => {
    const { authority, server } = await makeCluster();
    await using listener = await listen({ mode: 'webtransport', hostname: '127.0.0.1', tls: server });
    const serving = (async () => {
      for await (const session of listener) {
        for await (const { readable, writable } of session.incomingBidirectionalStreams) {
          readable.pipeTo(writable).catch(() => undefined);
        }
      }
    })();
    serving.catch(() => undefined);
    const { port } = listener.address;
    const session = connect(`https://127.0.0.1:${port}/`, { tls: { ca: authority.cert, serverName: 'node.flotilla' } });
    await session.ready;

    const garbage = fc.uint8Array({ minLength: 1, maxLength: 60 });
    const attacks = fc.sample(fc.tuple(garbage, garbage, garbage), { numRuns: 30, seed: 9114 });
    for (const bytes of attacks) await attack(port, authority.cert, bytes);

    const { readable, writable } = await session.createBidirectionalStream();
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode('still there'));
    await writer.close();
    expect(await new Response(readable).text()).toBe('still there');
    session.close();
  });
}

/** One connection: a control stream, a request and a datagram of garbage, then gone at once. */
async function attack(port: number, ca: string, [control, request, datagram]: readonly Uint8Array[]): Promise<void> {
  const backend = await selectBackend('auto', { clientCertificates: false });
  let native: NativeSession | undefined;
  try {
    native = await backend.connect({
      alpn: ['h3'],
      hostname: '127.0.0.1',
      port,
      serverName: 'node.flotilla',
      ca,
      idleTimeoutMs: 5_000,
      maxStreams: { bidirectional: 16, unidirectional: 16 },
      signal: AbortSignal.timeout(30_000),
    });
    const unidirectional = await native.openUnidirectional();
    await unidirectional.write(CONTROL_WITH_SETTINGS, false);
    await unidirectional.write(control ?? new Uint8Array(1), false);
    const bidirectional = await native.openBidirectional();
    await bidirectional.write(request ?? new Uint8Array(1), true);
    native.sendDatagram(datagram ?? new Uint8Array(1));
  } catch (error) {
    // The listener was quicker: it has closed the connection.
    expect(error).toMatchObject({ name: 'WebTransportError' });
  } finally {
    native?.close(0, '');
  }
}
