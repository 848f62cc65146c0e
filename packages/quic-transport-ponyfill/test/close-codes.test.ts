import { expect, test } from 'vitest';
import { wholeLimits } from '../src/defaults.js';
import { BareCore } from '../src/session/bare-core.js';
import { quicClose } from '../src/session/ending.js';
import { FramedCore } from '../src/session/framed-core.js';
import type { SessionCore } from '../src/session/session-core.js';
import { MemorySession } from './memory-native.js';

const { granted, idleTimeoutMs, keepAliveMs } = wholeLimits({});
const framed = (native: MemorySession, carrier: 'quic' | 'webtransport'): FramedCore =>
  new FramedCore(native, {
    hello: { side: 'server', prove: () => ({ chain: [], signature: new Uint8Array(0) }) },
    granted,
    idleTimeoutMs,
    keepAliveMs,
    carrier,
  });

// The code with which a session of raw QUIC says that a rule was broken.
const { code, reason } = quicClose('violation', { closeCode: 0, reason: 'mine' });

const carriers: readonly (readonly [string, (native: MemorySession) => SessionCore, object])[] = [
  [
    'a page that knows only the W3C',
    (native) => new BareCore(native, keepAliveMs),
    { type: 'closed', info: { closeCode: code, reason } },
  ],
  [
    'a WebTransport session with frames',
    (native) => framed(native, 'webtransport'),
    { type: 'closed', info: { closeCode: code, reason } },
  ],
  ['raw QUIC', (native) => framed(native, 'quic'), { type: 'failed', error: { code: 'ProtocolViolation' } }],
];

for (const [name, coreOf, ending] of carriers) {
  test(`a close code is the application's own, or says a kind of ours: ${name}`, async () => {
    const { client, server } = MemorySession.pair();
    const core = coreOf(server);
    client.close(code, reason);
    expect(await core.ended).toMatchObject(ending);
  });
}

test('a connection that ends before its hello is told of by how it ended', async () => {
  const { client, server } = MemorySession.pair();
  const started = framed(server, 'quic').start(new AbortController().signal);
  client.close(42, 'changed my mind');
  await expect(started).rejects.toMatchObject({
    code: 'SessionClosed',
    message: expect.stringContaining('changed my mind'),
  });
});
