import { createSocket } from 'node:dgram';
import { connect } from '@flotilla/quic-transport-ponyfill';
import { ALPN, quicAddress, sessionUrl } from '../src/address.js';
import type { QuicTls } from '../src/options.js';
import { type RawSession, rawSession } from './raw-session.js';

/** A UDP port that takes packets and never says a word. */
export async function silentPort(): Promise<{ readonly address: string; close(): Promise<void> }> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `quic://127.0.0.1:${socket.address().port}`,
    close: () =>
      new Promise((resolve) => {
        socket.close(() => resolve());
      }),
  };
}

/** An address where nobody listens: one that was just let go. */
export async function unreachableAddress(): Promise<string> {
  const port = await silentPort();
  await port.close();
  return port.address;
}

/** A QUIC connection that TLS has accepted, with nothing above it. */
export async function rawPeer(address: string, tls: QuicTls): Promise<RawSession> {
  const { ca, cert, key, serverName = 'node.flotilla' } = tls;
  const to = quicAddress(address);
  const authorities = typeof ca === 'string' ? ca : ca.join('\n');
  const session = connect(sessionUrl(to), {
    connectTimeoutMs: 10_000,
    ...(to.mode === 'quic' ? { alpn: ALPN } : {}),
    tls: { ca: authorities, serverName, ...(to.mode === 'quic' ? { cert, key } : {}) },
  });
  await session.ready;
  return rawSession(session);
}
