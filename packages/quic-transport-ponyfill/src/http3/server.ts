import { Mailbox } from '../native/mailbox.js';
import type { NativeSession, NativeStream } from '../native/native-session.js';
import type { SessionRequest } from '../session.js';
import { readRequest } from './connect-request.js';
import type { ConnectRequest } from './connect-request.js';
import { Http3Connection } from './connection.js';
import { H3_MESSAGE_ERROR, H3_NO_ERROR, H3_REQUEST_REJECTED, Http3Error } from './error-code.js';
import { takeFramingParameter } from './framing-parameter.js';
import { HTTP3_LIMITS } from './limits.js';
import type { Http3Limits } from './limits.js';
import { requestJudge } from './origin-policy.js';
import type { AcceptPolicy } from './origin-policy.js';
import type { Field } from './qpack.js';
import { DataFrames, encodeHeaders, readHeaders } from './request-messages.js';
import { H3_DATAGRAM } from './settings.js';
import type { StreamReader } from './stream-reader.js';
import { WebTransportSession } from './web-transport-session.js';

/** How long the answer to a request that was judged slowly has to leave, before a connection without a session is closed, ms. */
const ANSWER_MS = 100;

/** A session that a client opened. */
export interface AcceptedSession {
  readonly session: WebTransportSession;
  readonly request: SessionRequest;
  /** The client is of this package and expects its frames. */
  readonly framed: boolean;
}

/** The server's side of one HTTP/3 connection. */
export interface Http3Server {
  /** The next session; `undefined` once the connection has ended. One call at a time. */
  accept(): Promise<AcceptedSession | undefined>;
  /** GOAWAY: no new sessions, and those that live are asked to end. */
  drain(): void;
  /** Resolves once the connection has ended. */
  readonly closed: Promise<void>;
}

/** Of {@link serveHttp3}. */
export interface ServeOptions extends AcceptPolicy {
  readonly limits?: Partial<Http3Limits>;
}

/**
 * Serves WebTransport over a QUIC connection of ALPN h3. Requests that open no session are answered (404, 405, 501); a peer that breaks a
 * rule of HTTP/3 loses this connection. A connection without a session is closed after `requestTimeoutMs`, or
 * `lingerMs` after its last session.
 *
 * @throws QuicError `InvalidArgument`
 */
export function serveHttp3(native: NativeSession, options: ServeOptions = {}): Http3Server {
  return new Server(native, requestJudge(options), { ...HTTP3_LIMITS, ...options.limits });
}

class Server implements Http3Server {
  readonly closed: Promise<void>;
  readonly #connection: Http3Connection;
  readonly #judge: (request: SessionRequest) => Promise<number | undefined>;
  readonly #limits: Http3Limits;
  readonly #accepted = new Mailbox<AcceptedSession>();
  /** Requests that are being judged and may become sessions. */
  #judging = 0;
  #lastRequest = 0;
  #draining = false;
  #idle: ReturnType<typeof setTimeout> | undefined;
  /** Until when this connection may be without a session (of `performance.now`). */
  #idleUntil = 0;

  constructor(
    native: NativeSession,
    judge: (request: SessionRequest) => Promise<number | undefined>,
    limits: Http3Limits,
  ) {
    this.#judge = judge;
    this.#limits = limits;
    this.#connection = new Http3Connection(
      native,
      { side: 'server', request: (stream, reader, firstType) => this.#request(stream, reader, firstType) },
      limits,
    );
    this.#connection.onSessionEnded(() => this.#allowIdle(limits.lingerMs));
    this.#allowIdle(limits.requestTimeoutMs);
    this.closed = native.closed.then(() => {
      clearTimeout(this.#idle);
      this.#accepted.end();
    });
  }

  accept(): Promise<AcceptedSession | undefined> {
    return this.#accepted.take();
  }

  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#connection.goAway(this.#lastRequest);
    this.#allowIdle(this.#limits.lingerMs);
  }

  #allowIdle(ms: number): void {
    this.#idleUntil = performance.now() + ms;
    this.#closeWhenIdle();
  }

  /** It has no session, and its time to open one is over. */
  get #overdue(): boolean {
    return this.#connection.sessionCount === 0 && performance.now() > this.#idleUntil;
  }

  /** A request that opens no session does not put the deadline off: else asking now and then would keep a connection for ever. */
  #closeWhenIdle(): void {
    clearTimeout(this.#idle);
    if (this.#connection.sessionCount > 0 || this.#judging > 0) return;
    const leftMs = Math.max(ANSWER_MS, this.#idleUntil - performance.now());
    this.#idle = setTimeout(() => {
      if (this.#judging === 0) this.#connection.close(H3_NO_ERROR, 'no session');
    }, leftMs);
  }

  async #request(stream: NativeStream, reader: StreamReader, firstType: number): Promise<void> {
    if (this.#draining && stream.id >= this.#lastRequest) {
      throw new Http3Error('stream', H3_REQUEST_REJECTED, 'the listener takes no more sessions');
    }
    this.#lastRequest = Math.max(this.#lastRequest, stream.id + 4);
    let opened = false;
    try {
      opened = await this.#answer(stream, reader, await this.#readFields(stream, reader, firstType));
    } finally {
      if (!opened) this.#connection.refuseSession(stream.id);
    }
  }

  /** The fields, which have their time to come. */
  async #readFields(
    stream: NativeStream,
    reader: StreamReader,
    firstType: number,
  ): Promise<readonly Field[] | undefined> {
    const timer = setTimeout(() => {
      stream.reset(H3_REQUEST_REJECTED);
      stream.stop(H3_REQUEST_REJECTED);
    }, this.#limits.requestTimeoutMs);
    try {
      return await readHeaders(reader, this.#limits.fieldSectionBytes, firstType);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @returns whether a session was opened */
  async #answer(stream: NativeStream, reader: StreamReader, fields: readonly Field[] | undefined): Promise<boolean> {
    if (fields === undefined) return refuse(stream, 431);
    const reading = readRequest(fields);
    if (reading.type === 'refused') return refuse(stream, reading.status);
    if (this.#connection.sessionCount + this.#judging >= this.#limits.sessions) {
      throw new Http3Error('stream', H3_REQUEST_REJECTED, 'too many sessions on this connection');
    }
    if (this.#overdue) throw new Http3Error('stream', H3_REQUEST_REJECTED, 'the time to open a session is over');
    this.#judging += 1;
    try {
      const settings = await this.#connection.peerSettings;
      if (settings.get(H3_DATAGRAM) !== 1) {
        throw new Http3Error('stream', H3_MESSAGE_ERROR, 'a session without HTTP datagrams');
      }
      const { path, framed } = takeFramingParameter(reading.request.path);
      const request = { path, authority: reading.request.authority, origin: reading.request.origin };
      const status = await this.#judge(request);
      if (status !== undefined) return await refuse(stream, status);
      await stream.write(encodeHeaders(acceptance(reading.request)), false);
      this.#open(stream, reader, request, framed);
      return true;
    } finally {
      this.#judging -= 1;
      this.#closeWhenIdle();
    }
  }

  #open(stream: NativeStream, reader: StreamReader, request: SessionRequest, framed: boolean): void {
    const capsules = new DataFrames(reader, this.#limits.fieldSectionBytes);
    const session = new WebTransportSession(this.#connection, stream, capsules);
    this.#accepted.push({ session, request, framed });
    this.#connection.addSession(session);
  }
}

/** 200, and to clients of draft 02 what they ask to see. */
function acceptance(request: ConnectRequest): readonly Field[] {
  const draft02 = request.fields.some(([name]) => name === 'sec-webtransport-http3-draft02');
  const draft: readonly Field[] = draft02 ? [['sec-webtransport-http3-draft', 'draft02']] : [];
  return [[':status', '200'], ...draft];
}

async function refuse(stream: NativeStream, status: number): Promise<false> {
  await stream.write(encodeHeaders([[':status', String(status)]]), true);
  // The answer is whole: the rest of the request is not wanted (RFC 9114, section 4.1).
  stream.stop(H3_NO_ERROR);
  return false;
}
