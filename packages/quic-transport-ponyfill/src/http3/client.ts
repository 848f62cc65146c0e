import { QuicError } from '../errors.js';
import type { NativeSession, NativeStream } from '../native/native-session.js';
import { Http3Connection } from './connection.js';
import { H3_MESSAGE_ERROR, H3_REQUEST_CANCELLED, H3_STREAM_CREATION_ERROR, Http3Error } from './error-code.js';
import { withFramingParameter } from './framing-parameter.js';
import { HTTP3_LIMITS } from './limits.js';
import type { Http3Limits } from './limits.js';
import type { Field } from './qpack.js';
import { DataFrames, encodeHeaders, readHeaders } from './request-messages.js';
import {
  ENABLE_CONNECT_PROTOCOL,
  ENABLE_WEBTRANSPORT_DRAFT_02,
  H3_DATAGRAM,
  WEBTRANSPORT_MAX_SESSIONS_DRAFT_07,
} from './settings.js';
import { StreamReader } from './stream-reader.js';
import { WebTransportSession } from './web-transport-session.js';

/** What a client asks for. */
export interface ConnectHttp3Options {
  /** Host and port as the URL has them. */
  readonly authority: string;
  /** Path and query. */
  readonly path: string;
  /** Sent as Origin. */
  readonly origin?: string;
  /** The server is of this package, and its frames are wanted. */
  readonly framed: boolean;
  readonly limits?: Partial<Http3Limits>;
  /** Ends the attempt. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a WebTransport session over a QUIC connection of ALPN h3, as its only user. The connection ends with the session, and with a failed attempt.
 *
 * @throws QuicError `ConnectFailed` (the server speaks no WebTransport, or answers with another status than 2xx), the signal's reason
 */
export async function connectHttp3(native: NativeSession, options: ConnectHttp3Options): Promise<WebTransportSession> {
  const { signal } = options;
  const aborted = (): void => native.close(H3_REQUEST_CANCELLED, 'the attempt was ended');
  signal?.addEventListener('abort', aborted, { once: true });
  try {
    signal?.throwIfAborted();
    return await open(native, options);
  } catch (error) {
    native.close(H3_REQUEST_CANCELLED, 'no session');
    signal?.throwIfAborted();
    throw error instanceof QuicError && error.code === 'ConnectFailed'
      ? error
      : new QuicError('ConnectFailed', `no WebTransport session: ${describe(error)}`, { cause: error });
  } finally {
    signal?.removeEventListener('abort', aborted);
  }
}

async function open(native: NativeSession, options: ConnectHttp3Options): Promise<WebTransportSession> {
  const limits = { ...HTTP3_LIMITS, ...options.limits };
  const connection = new Http3Connection(
    native,
    {
      side: 'client',
      request: () =>
        Promise.reject(new Http3Error('connection', H3_STREAM_CREATION_ERROR, 'a server sends no requests')),
    },
    limits,
  );
  connection.onSessionEnded(() => connection.close());
  const settings = await connection.peerSettings;
  const webTransport = [ENABLE_WEBTRANSPORT_DRAFT_02, WEBTRANSPORT_MAX_SESSIONS_DRAFT_07];
  if (
    settings.get(ENABLE_CONNECT_PROTOCOL) !== 1 ||
    settings.get(H3_DATAGRAM) !== 1 ||
    !webTransport.some((id) => (settings.get(id) ?? 0) > 0)
  ) {
    throw new QuicError('ConnectFailed', 'the server speaks HTTP/3 without WebTransport');
  }
  const stream = await native.openBidirectional();
  const path = options.framed ? withFramingParameter(options.path) : options.path;
  await stream.write(encodeHeaders(requestFields(options, path)), false);
  const reader = new StreamReader(stream);
  await readAcceptance(stream, reader, limits);
  const session = new WebTransportSession(connection, stream, new DataFrames(reader, limits.fieldSectionBytes));
  connection.addSession(session);
  return session;
}

function requestFields(options: ConnectHttp3Options, path: string): readonly Field[] {
  const origin: readonly Field[] = options.origin === undefined ? [] : [['origin', options.origin]];
  return [
    [':method', 'CONNECT'],
    [':scheme', 'https'],
    [':authority', options.authority],
    [':path', path],
    [':protocol', 'webtransport'],
    ['sec-webtransport-http3-draft02', '1'],
    ...origin,
  ];
}

/** The final answer, interim ones passed over. */
async function readAcceptance(stream: NativeStream, reader: StreamReader, limits: Http3Limits): Promise<void> {
  for (;;) {
    const fields = await readHeaders(reader, limits.fieldSectionBytes);
    if (fields === undefined) throw new QuicError('ConnectFailed', 'the answer has too many fields');
    const status = fields.find(([name]) => name === ':status')?.[1] ?? '';
    if (!/^[1-5]\d\d$/.test(status)) throw new Http3Error('stream', H3_MESSAGE_ERROR, 'an answer without a status');
    if (status.startsWith('1')) continue;
    if (status.startsWith('2')) return;
    stream.stop(H3_REQUEST_CANCELLED);
    throw new QuicError('ConnectFailed', `the server refused the session with HTTP status ${status}`);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
