// The suite with a page on one side, through this package over the browser's WebTransport, and our listeners on the other.
import { describe, expect, inject, test } from 'vitest';
import { connect } from '../src/browser.js';
import type { QuicError, QuicSession, SessionLimits } from '../src/browser.js';
import { quicConformance, type SessionUnderTest } from '../src/conformance.js';
import { eventsOf, nextOf, pageSession, textOf, trusting } from './page-client.js';

const servers = inject('servers');
let keys = 0;

/** A session with the peer of the suite, on a listener that has these limits. */
async function underTest(
  listener: string,
  limits: SessionLimits,
  framing: 'ponyfill' | 'none',
): Promise<SessionUnderTest> {
  const asking = await pageSession(`${listener}/port?limits=${encodeURIComponent(JSON.stringify(limits))}`);
  const port = await textOf(await nextOf(asking.incomingUnidirectionalStreams));
  asking.close();
  const key = `conformance-${(keys += 1)}-${Math.random()}`;
  const session = connect(`https://127.0.0.1:${port}/conformance?key=${key}`, { ...limits, ...trust(), framing });
  await session.ready;
  return {
    session,
    async peerEnded() {
      const events = eventsOf(`https://127.0.0.1:${port}`, key);
      const { value = '' } = await events.next();
      await events.return(undefined);
      const [, kind, code = '', reason = ''] = /^(\w+) (\w+) ?(.*)$/s.exec(value) ?? [];
      return kind === 'closed' ? { closeCode: Number(code), reason } : { errorCode: code };
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

function trust(): { readonly serverCertificateHashes: readonly { algorithm: 'sha-256'; value: Uint8Array }[] } {
  const [hash] = trusting().serverCertificateHashes ?? [];
  return { serverCertificateHashes: [{ algorithm: 'sha-256', value: hash?.value as Uint8Array }] };
}

describe.each(['node', 'deno'] as const)('a page and a listener on %s', (runtime) => {
  const { open } = servers[runtime];
  // All that the suite sends once; less of it where only the runtime differs.
  const lighter = runtime === 'node' ? 1 : 4;
  describe('with frames', () => {
    quicConformance({ describe, test }, { create: (limits) => underTest(open, limits, 'ponyfill'), lighter });
  });
  describe('without frames', () => {
    const create = (limits: SessionLimits): Promise<SessionUnderTest> => underTest(open, limits, 'none');
    quicConformance({ describe, test }, { create, framed: false, lighter: 4 });
  });
});

describe('connect in a page', () => {
  const dial = (path: string): QuicSession => connect(`${servers.node.open}${path}`, trust());

  test('raw QUIC is not there', () => {
    expect(() => connect('quic://127.0.0.1:1')).toThrow(expect.objectContaining({ code: 'Unsupported' }) as QuicError);
  });

  test('a session says what it is', async () => {
    const session = dial('/echo');
    await session.ready;
    expect(session).toMatchObject({
      mode: 'webtransport',
      protocol: 'h3',
      request: undefined,
      peerCertificate: undefined,
    });
    session.close();
    expect(await session.closed).toStrictEqual({ closeCode: 0, reason: '' });
  });

  test('a refusal is ConnectFailed, and says what it may be', async () => {
    const session = connect(`${servers.node.closed}/echo`, trust());
    session.closed.catch(() => undefined);
    await expect(session.ready).rejects.toMatchObject({ name: 'WebTransportError', code: 'ConnectFailed' });
    await expect(session.ready).rejects.toThrow(/origin/);
  });

  test('an aborted attempt rejects with the reason', async () => {
    const session = connect(`${servers.node.open}/echo`, {
      ...trust(),
      signal: AbortSignal.abort(new Error('enough')),
    });
    session.closed.catch(() => undefined);
    await expect(session.ready).rejects.toThrow('enough');
  });
});
