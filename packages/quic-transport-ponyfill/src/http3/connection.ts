import { isQuicError } from '../errors.js';
import type { NativeSession, NativeStream } from '../native/native-session.js';
import { EarlyArrivals } from './early-arrivals.js';
import {
  H3_CLOSED_CRITICAL_STREAM,
  H3_DATAGRAM_ERROR,
  H3_EXCESSIVE_LOAD,
  H3_FRAME_ERROR,
  H3_ID_ERROR,
  H3_INTERNAL_ERROR,
  H3_MISSING_SETTINGS,
  H3_NO_ERROR,
  H3_STREAM_CREATION_ERROR,
  Http3Error,
} from './error-code.js';
import {
  CANCEL_PUSH,
  CONTROL_STREAM,
  encodeFrame,
  frameLength,
  GOAWAY,
  MAX_PUSH_ID,
  nextFrame,
  PUSH_STREAM,
  QPACK_DECODER_STREAM,
  QPACK_ENCODER_STREAM,
  SETTINGS,
  WT_STREAM,
  WT_UNI_STREAM,
} from './frame.js';
import type { Http3Limits } from './limits.js';
import { checkEncoderStream, DecoderStreamCheck } from './qpack.js';
import {
  decodeSettings,
  ENABLE_CONNECT_PROTOCOL,
  ENABLE_WEBTRANSPORT_DRAFT_02,
  encodeSettings,
  H3_DATAGRAM,
  MAX_FIELD_SECTION_SIZE,
  QPACK_BLOCKED_STREAMS,
  QPACK_MAX_TABLE_CAPACITY,
  WEBTRANSPORT_MAX_SESSIONS_DRAFT_07,
} from './settings.js';
import { StreamReader } from './stream-reader.js';
import { concatBytes, encodeVarint, readVarint, varintLength } from './varint.js';
import type { SessionHost, WebTransportSession } from './web-transport-session.js';

/** What differs between the two sides of a connection. */
export interface Http3Role {
  readonly side: 'client' | 'server';
  /** A bidirectional stream of the peer whose first frame type was read and is not that of WebTransport. */
  request(stream: NativeStream, reader: StreamReader, firstType: number): Promise<void>;
}

/**
 * One HTTP/3 connection with WebTransport: its control stream and settings, the peer's unidirectional streams, and the
 * sorting of streams and datagrams to their sessions. What breaks a rule ends this connection, with the code that RFC 9114 names, and nothing else.
 */
export class Http3Connection implements SessionHost {
  readonly native: NativeSession;
  readonly incomingDatagrams: number;
  /** Resolves with the peer's settings; rejects if the connection ends before. */
  readonly peerSettings: Promise<ReadonlyMap<number, number>>;
  readonly #role: Http3Role;
  readonly #limits: Http3Limits;
  readonly #settings = Promise.withResolvers<ReadonlyMap<number, number>>();
  readonly #sessions = new Map<number, WebTransportSession>();
  readonly #early: EarlyArrivals;
  /** Streams whose first bytes have not come. */
  #unsorted = 0;
  readonly #criticalTypes = new Set<number>();
  #control: NativeStream | undefined;
  #controlWrites: Promise<void> = Promise.resolve();
  #goneAway = false;
  #peerGoaway = Number.POSITIVE_INFINITY;
  #maxPushId = -1;
  #sessionEnded: (() => void) | undefined;

  constructor(native: NativeSession, role: Http3Role, limits: Http3Limits) {
    this.native = native;
    this.#role = role;
    this.#limits = limits;
    this.#early = new EarlyArrivals(limits);
    this.incomingDatagrams = limits.incomingDatagrams;
    this.peerSettings = this.#settings.promise;
    void this.#guard(undefined, () => this.#openControl());
    const unidirectional = (stream: NativeStream): Promise<void> => this.#sortUnidirectional(stream);
    const bidirectional = (stream: NativeStream): Promise<void> => this.#sortBidirectional(stream);
    void this.#guard(undefined, () => this.#sortStreams(() => native.acceptUnidirectional(), unidirectional));
    void this.#guard(undefined, () => this.#sortStreams(() => native.acceptBidirectional(), bidirectional));
    void this.#guard(undefined, () => this.#sortDatagrams());
    const late = setTimeout(() => this.close(H3_MISSING_SETTINGS, 'no SETTINGS in time'), limits.requestTimeoutMs);
    this.peerSettings.then(
      () => clearTimeout(late),
      () => clearTimeout(late),
    );
    void native.closed.then((close) => {
      this.#settings.reject(close.error ?? new Error(`the connection was closed with 0x${close.code.toString(16)}`));
    });
  }

  /** Sessions that live. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Calls back whenever a session has ended. */
  onSessionEnded(listener: () => void): void {
    this.#sessionEnded = listener;
  }

  /** A session is open: what came for it before is handed over, in order. */
  addSession(session: WebTransportSession): void {
    this.#sessions.set(session.id, session);
    this.#early.handOver(session);
    if (this.#goneAway) session.drain();
  }

  /** No session comes of that stream: what waited for it is refused. */
  refuseSession(id: number): void {
    this.#early.finish(id);
  }

  ended(session: WebTransportSession): void {
    if (!this.#sessions.delete(session.id)) return;
    this.#early.finish(session.id);
    this.#sessionEnded?.();
  }

  /** GOAWAY: no requests from `id` on; every session is asked to end. */
  goAway(id: number): void {
    if (this.#goneAway) return;
    this.#goneAway = true;
    this.#writeControl(encodeFrame(GOAWAY, encodeVarint(id)));
    for (const session of this.#sessions.values()) session.drain();
  }

  /** Ends the connection with a code of HTTP/3. */
  close(code: number = H3_NO_ERROR, reason = ''): void {
    this.native.close(code, reason);
  }

  /**
   * Runs the work of a stream: what breaks a rule ends the stream or the connection, as the error says; a stream or
   * connection that ended by itself is no error.
   */
  async #guard(stream: NativeStream | undefined, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof Http3Error && error.scope === 'stream' && stream !== undefined) {
        stream.reset(error.code);
        stream.stop(error.code);
      } else if (error instanceof Http3Error) {
        this.close(error.code, error.message);
      } else if (isQuicError(error)) {
        stream?.reset(H3_NO_ERROR);
      } else {
        this.close(H3_INTERNAL_ERROR, String(error));
      }
    }
  }

  async #openControl(): Promise<void> {
    const settings = new Map([
      [QPACK_MAX_TABLE_CAPACITY, 0],
      [QPACK_BLOCKED_STREAMS, 0],
      [MAX_FIELD_SECTION_SIZE, this.#limits.fieldSectionBytes],
      [ENABLE_CONNECT_PROTOCOL, 1],
      [H3_DATAGRAM, 1],
      [ENABLE_WEBTRANSPORT_DRAFT_02, 1],
      [WEBTRANSPORT_MAX_SESSIONS_DRAFT_07, this.#limits.sessions],
    ]);
    const control = await this.native.openUnidirectional();
    this.#control = control;
    this.#writeControl(concatBytes(encodeVarint(CONTROL_STREAM), encodeFrame(SETTINGS, encodeSettings(settings))));
  }

  #writeControl(bytes: Uint8Array): void {
    this.#controlWrites = this.#controlWrites
      .then(() => this.#control?.write(bytes, false))
      .catch((error: unknown) => this.close(H3_CLOSED_CRITICAL_STREAM, String(error)));
  }

  async #sortStreams(
    accept: () => Promise<NativeStream | undefined>,
    sort: (stream: NativeStream) => Promise<void>,
  ): Promise<void> {
    for (;;) {
      const stream = await accept();
      if (stream === undefined) return;
      void this.#guard(stream, () => sort(stream));
    }
  }

  /** The first integer of a stream; streams that say nothing are counted and bounded. */
  async #firstInteger(reader: StreamReader): Promise<number | undefined> {
    if (this.#unsorted >= this.#limits.unsortedStreams) {
      throw new Http3Error('stream', H3_EXCESSIVE_LOAD, 'too many streams whose first bytes have not come');
    }
    this.#unsorted += 1;
    try {
      return await reader.varint();
    } finally {
      this.#unsorted -= 1;
    }
  }

  async #sortUnidirectional(stream: NativeStream): Promise<void> {
    const reader = new StreamReader(stream);
    const type = await this.#firstInteger(reader);
    switch (type) {
      case undefined:
        return;
      case WT_UNI_STREAM:
        return this.#toSession(stream, reader);
      case CONTROL_STREAM:
        this.#onlyOne(type);
        return this.#critical(stream, () => this.#readControl(reader));
      case QPACK_ENCODER_STREAM:
        this.#onlyOne(type);
        return this.#critical(stream, () => eachPiece(reader, checkEncoderStream));
      case QPACK_DECODER_STREAM: {
        this.#onlyOne(type);
        const check = new DecoderStreamCheck();
        return this.#critical(stream, () => eachPiece(reader, (bytes) => check.take(bytes)));
      }
      case PUSH_STREAM:
        throw this.#role.side === 'server'
          ? new Http3Error('connection', H3_STREAM_CREATION_ERROR, 'a client pushes nothing')
          : new Http3Error('connection', H3_ID_ERROR, 'no push was allowed');
      default:
        // Unknown types are not errors (RFC 9114, section 6.2).
        stream.stop(H3_STREAM_CREATION_ERROR);
    }
  }

  async #sortBidirectional(stream: NativeStream): Promise<void> {
    const reader = new StreamReader(stream);
    const type = await this.#firstInteger(reader);
    if (type === WT_STREAM) return this.#toSession(stream, reader);
    if (type === undefined) {
      // An empty request (RFC 9114, section 4.1.2).
      stream.reset(H3_NO_ERROR);
      return undefined;
    }
    if (this.#role.side === 'client') {
      throw new Http3Error('connection', H3_STREAM_CREATION_ERROR, 'a server opens streams of WebTransport only');
    }
    return this.#role.request(stream, reader, type);
  }

  async #toSession(stream: NativeStream, reader: StreamReader): Promise<void> {
    const sessionId = await this.#firstInteger(reader);
    if (sessionId === undefined) {
      stream.reset(H3_FRAME_ERROR);
      return;
    }
    if (sessionId % 4 !== 0) {
      throw new Http3Error('connection', H3_ID_ERROR, `${sessionId} is no bidirectional stream of the client`);
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined) this.#early.addStream(sessionId, stream, reader);
    else session.takeStream(stream, reader);
  }

  async #sortDatagrams(): Promise<void> {
    for (;;) {
      const datagram = await this.native.receiveDatagram();
      if (datagram === undefined) return;
      const prefix = varintLength(datagram[0] ?? 0);
      if (datagram.length < prefix) {
        this.close(H3_DATAGRAM_ERROR, 'a datagram ends within its quarter stream id');
        return;
      }
      const sessionId = readVarint(datagram) * 4;
      const bytes = datagram.subarray(prefix);
      const session = this.#sessions.get(sessionId);
      if (session === undefined) this.#early.addDatagram(sessionId, bytes);
      else session.takeDatagram(bytes);
    }
  }

  #onlyOne(type: number): void {
    if (this.#criticalTypes.has(type)) {
      throw new Http3Error('connection', H3_STREAM_CREATION_ERROR, `a second stream of type ${type}`);
    }
    this.#criticalTypes.add(type);
  }

  /** A stream whose end is the end of the connection (RFC 9114, section 6.2.1; RFC 9204, section 4.2). */
  async #critical(stream: NativeStream, read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      if (!isQuicError(error)) throw error;
    }
    throw new Http3Error(
      'connection',
      H3_CLOSED_CRITICAL_STREAM,
      `stream ${stream.id} was closed, which must stay open`,
    );
  }

  async #readControl(reader: StreamReader): Promise<void> {
    const first = await reader.varint();
    if (first === undefined) return;
    if (first !== SETTINGS)
      throw new Http3Error('connection', H3_MISSING_SETTINGS, 'the control stream begins without SETTINGS');
    this.#settings.resolve(
      decodeSettings(await this.#payload(reader, await frameLength(reader), this.#limits.settingsBytes)),
    );
    const pushes = this.#role.side === 'server' ? [MAX_PUSH_ID] : [];
    for (;;) {
      const frame = await nextFrame(reader, [GOAWAY, CANCEL_PUSH, ...pushes]);
      if (frame === undefined) return;
      const id = onlyInteger(await this.#payload(reader, frame.length, 8));
      if (frame.type === GOAWAY) this.#takeGoaway(id);
      else if (frame.type === MAX_PUSH_ID) this.#takeMaxPushId(id);
      else throw new Http3Error('connection', H3_ID_ERROR, `push ${id} was never promised`);
    }
  }

  async #payload(reader: StreamReader, length: number, limit: number): Promise<Uint8Array> {
    if (length > limit)
      throw new Http3Error('connection', H3_EXCESSIVE_LOAD, `a frame of ${length} bytes, above ${limit}`);
    return reader.exactly(length);
  }

  #takeGoaway(id: number): void {
    if (id > this.#peerGoaway)
      throw new Http3Error('connection', H3_ID_ERROR, 'a GOAWAY with a larger id than the one before');
    if (this.#role.side === 'client' && id % 4 !== 0) {
      throw new Http3Error('connection', H3_ID_ERROR, `GOAWAY names ${id}, which is no request`);
    }
    this.#peerGoaway = id;
    for (const session of this.#sessions.values()) session.takeGoaway();
  }

  #takeMaxPushId(id: number): void {
    if (id < this.#maxPushId)
      throw new Http3Error('connection', H3_ID_ERROR, 'a MAX_PUSH_ID that is lower than the one before');
    this.#maxPushId = id;
  }
}

async function eachPiece(reader: StreamReader, take: (bytes: Uint8Array) => void): Promise<void> {
  for (;;) {
    const bytes = await reader.some();
    if (bytes === undefined) return;
    take(bytes);
  }
}

/** The integer that is all of a frame's payload. */
function onlyInteger(payload: Uint8Array): number {
  if (payload.length === 0 || payload.length !== varintLength(payload[0] ?? 0)) {
    throw new Http3Error('connection', H3_FRAME_ERROR, 'a frame whose payload is one integer has another length');
  }
  return readVarint(payload);
}
