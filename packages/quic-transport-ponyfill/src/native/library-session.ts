import { QuicError } from '../errors.js';
import type { PeerAddress } from '../session.js';
import { LibraryStream } from './library-stream.js';
import { Mailbox } from './mailbox.js';
import type { NativeClose, NativeSession, NativeStream } from './native-session.js';
import { tlsFailure } from './tls-failure.js';

/** An event of the library's worker thread, as far as it is read here. */
export interface LibraryEvent {
  readonly eventType: number;
  readonly connHandle: number;
  readonly streamId: number;
  readonly data?: Uint8Array;
  readonly fin?: boolean;
  readonly meta?: { readonly errorCode?: number; readonly errorReason?: string };
}

/** The event types of the library that a session lives by. */
export const LIBRARY_EVENT = {
  newSession: 1,
  newStream: 2,
  data: 4,
  finished: 5,
  reset: 6,
  sessionClose: 7,
  drain: 8,
  error: 10,
  handshakeComplete: 11,
  datagram: 14,
  streamBlocked: 16,
  writeReady: 18,
} as const;

/** What the library does for one connection, whichever side it is. */
export interface LibraryConnection {
  /** @returns how many bytes were taken (1 for a bare FIN); 0 when there is no room */
  send(streamId: number, bytes: Uint8Array, fin: boolean): number;
  closeStream(streamId: number, code: number): void;
  /** Undefined when the peer allows no more; where the library does not know, an id of the caller's own counting. */
  openBidirectional: (() => number | undefined) | undefined;
  sendDatagram(bytes: Uint8Array): boolean;
  ping(): void;
  /** Resolves once the library has let go of the connection, as far as it tells. */
  close(code: number, reason: string): Promise<void>;
}

/** Of a `LibrarySession`. */
export interface LibrarySessionInfo {
  readonly side: 'client' | 'server';
  readonly alpn: string;
  readonly remoteAddress: PeerAddress;
  readonly peerCertificates: readonly Uint8Array[];
}

/**
 * Fits the smallest packets that QUIC allows (1,200 bytes, RFC 9000 section 14): header 1 + connection id 20 + packet number 4,
 * tag 16, frame type and length 3. The library does not tell what the path takes.
 */
const MAX_DATAGRAM_BYTES = 1156;
/**
 * Bytes of all streams that may wait for their readers, those of streams that the peer has ended and nobody has taken included. The library takes
 * in all that comes, so that nothing else bounds what one connection can be made to hold.
 */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;
/** The same of a client whose hello, or request for a session, was not heard. It has no reason to send anything else before that is answered. */
const MAX_UNREAD_BYTES_OF_STRANGERS = 1024 * 1024;
/** Streams that may wait to be taken: QUIC lets a peer open another for each that it has ended. */
const MAX_UNTAKEN_STREAMS = 16_384;
/** With what a peer is told that it sends too much: by the code of HTTP/3 (RFC 9114 section 8.1), else by any but that of a close in peace. */
const EXCESSIVE_LOAD = { h3: 0x107, other: 1 } as const;
/** Datagrams kept for a slow reader. */
const MAX_DATAGRAMS = 1024;
/**
 * Where the library cannot say how many streams the peer allows: fewer than every stack does. Chromium allows 100, and more only each
 * time that 50 of them have ended, so that 50 at once would be too many already.
 */
const BLIND_STREAMS = { h3: 32, other: 4096 } as const;
/** How often it is tried again to open a stream that the peer does not allow, ms; the library has no event for it. */
const REOPEN_MS = 20;

/** One connection of @currentspace/http3: turns its events into the interface that reads and waits. */
export class LibrarySession implements NativeSession {
  readonly alpn: string;
  readonly remoteAddress: PeerAddress;
  readonly peerCertificates: readonly Uint8Array[];
  readonly closed: Promise<NativeClose>;
  readonly maxDatagramSize: number = MAX_DATAGRAM_BYTES;
  readonly #connection: LibraryConnection;
  readonly #streams = new Map<number, LibraryStream>();
  readonly #bidirectional = new Mailbox<NativeStream>();
  readonly #unidirectional = new Mailbox<NativeStream>();
  readonly #datagrams = new Mailbox<Uint8Array>();
  /** Those who wait until they may open a stream. */
  readonly #paused = new Set<() => void>();
  #unreadBytes = 0;
  #unreadBytesMax: number;
  /** The next id of this side's counting (RFC 9000 section 2.1). */
  #nextBidirectional = 1;
  #nextUnidirectional: number;
  readonly #blind: { readonly limit: number; bidirectional: number; unidirectional: number };
  readonly #ownBit: 0 | 1;
  #end: NativeClose | undefined;
  #settle: (end: NativeClose) => void = () => undefined;

  constructor(connection: LibraryConnection, info: LibrarySessionInfo) {
    this.#connection = connection;
    this.alpn = info.alpn;
    this.remoteAddress = info.remoteAddress;
    this.peerCertificates = info.peerCertificates;
    this.#unreadBytesMax = info.side === 'client' ? MAX_UNREAD_BYTES : MAX_UNREAD_BYTES_OF_STRANGERS;
    this.#ownBit = info.side === 'client' ? 0 : 1;
    this.#nextUnidirectional = info.side === 'client' ? 2 : 3;
    const limit = info.alpn === 'h3' ? BLIND_STREAMS.h3 : BLIND_STREAMS.other;
    this.#blind = { limit, bidirectional: 0, unidirectional: 0 };
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  async openBidirectional(): Promise<NativeStream> {
    for (;;) {
      this.#assertOpen();
      const id = this.#connection.openBidirectional?.() ?? this.#countBidirectional();
      if (id !== undefined) return this.#add(id, 'bidirectional');
      await this.#pause();
    }
  }

  async openUnidirectional(): Promise<NativeStream> {
    for (;;) {
      this.#assertOpen();
      if (this.#blind.unidirectional < this.#blind.limit) {
        this.#blind.unidirectional++;
        const id = this.#nextUnidirectional;
        this.#nextUnidirectional += 4;
        return this.#add(id, 'outgoing');
      }
      await this.#pause();
    }
  }

  acceptBidirectional(): Promise<NativeStream | undefined> {
    return this.#bidirectional.take();
  }

  acceptUnidirectional(): Promise<NativeStream | undefined> {
    return this.#unidirectional.take();
  }

  sendDatagram(bytes: Uint8Array): boolean {
    if (this.#end !== undefined || bytes.length > MAX_DATAGRAM_BYTES) return false;
    return this.#connection.sendDatagram(bytes);
  }

  receiveDatagram(): Promise<Uint8Array | undefined> {
    return this.#datagrams.take();
  }

  ping(): void {
    if (this.#end === undefined) this.#connection.ping();
  }

  admit(): void {
    this.#unreadBytesMax = MAX_UNREAD_BYTES;
  }

  close(code: number, reason: string): void {
    if (this.#end !== undefined) return;
    const end: NativeClose = { by: 'local', code, reason };
    const gone = this.#connection.close(code, reason);
    this.#finish(end, gone);
  }

  /** Takes an event of this connection from the library. */
  handle(event: LibraryEvent): void {
    if (this.#end !== undefined) return;
    switch (event.eventType) {
      case LIBRARY_EVENT.newStream:
      case LIBRARY_EVENT.data: {
        const stream = this.#streams.get(event.streamId) ?? this.#arrived(event);
        if (event.data !== undefined && event.data.length > 0) stream?.received(plainBytes(event.data));
        if (event.fin === true) stream?.ended();
        return;
      }
      case LIBRARY_EVENT.finished:
        this.#streams.get(event.streamId)?.ended();
        return;
      case LIBRARY_EVENT.reset:
        this.#streams.get(event.streamId)?.wasReset(event.meta?.errorCode ?? 0);
        return;
      case LIBRARY_EVENT.streamBlocked:
        this.#streams.get(event.streamId)?.blocked();
        return;
      case LIBRARY_EVENT.drain:
        this.#streams.get(event.streamId)?.unblocked();
        return;
      case LIBRARY_EVENT.writeReady:
        for (const stream of this.#streams.values()) stream.roomMade();
        return;
      case LIBRARY_EVENT.datagram:
        if (event.data !== undefined) this.#datagramCame(plainBytes(event.data));
        return;
      case LIBRARY_EVENT.error:
        this.#failed(event);
        return;
      case LIBRARY_EVENT.sessionClose:
        this.#finish(closeOf(event, this.alpn));
        return;
      default:
    }
  }

  /** Ends the session because its port was closed under it. */
  portClosed(): void {
    this.#finish({ by: 'local', code: 0, reason: '' });
  }

  #assertOpen(): void {
    if (this.#end !== undefined) throw new QuicError('SessionClosed', 'the connection has ended');
  }

  #countBidirectional(): number | undefined {
    if (this.#connection.openBidirectional !== undefined || this.#blind.bidirectional >= this.#blind.limit)
      return undefined;
    this.#blind.bidirectional++;
    const id = this.#nextBidirectional;
    this.#nextBidirectional += 4;
    return id;
  }

  /** Until it is worth asking again, or the session has ended. Not a race with `closed`: what waits long would hang on it a thousand times. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#paused.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, REOPEN_MS);
      this.#paused.add(wake);
    });
  }

  #add(id: number, direction: 'bidirectional' | 'outgoing' | 'incoming'): LibraryStream {
    const stream = new LibraryStream(id, direction, this.#connection, {
      over: () => this.#remove(id),
      unread: (change) => this.#unread(change),
    });
    this.#streams.set(id, stream);
    return stream;
  }

  #remove(id: number): void {
    if (!this.#streams.delete(id) || (id & 1) !== this.#ownBit) return;
    if ((id & 2) !== 0) this.#blind.unidirectional--;
    else if (this.#connection.openBidirectional === undefined) this.#blind.bidirectional--;
  }

  /** A stream of the peer that is new. Data for one that is over is dropped. */
  #arrived(event: LibraryEvent): LibraryStream | undefined {
    if (event.eventType !== LIBRARY_EVENT.newStream || (event.streamId & 1) === this.#ownBit) return undefined;
    const unidirectional = (event.streamId & 2) !== 0;
    const untaken = unidirectional ? this.#unidirectional : this.#bidirectional;
    if (untaken.size >= MAX_UNTAKEN_STREAMS) {
      this.#giveUp(`${MAX_UNTAKEN_STREAMS} streams wait to be taken`);
      return undefined;
    }
    const stream = this.#add(event.streamId, unidirectional ? 'incoming' : 'bidirectional');
    untaken.push(stream);
    return stream;
  }

  #unread(change: number): void {
    this.#unreadBytes += change;
    if (this.#unreadBytes > this.#unreadBytesMax) this.#giveUp(`${this.#unreadBytesMax} bytes wait to be read`);
  }

  /** The peer sends more than can be held. */
  #giveUp(reason: string): void {
    if (this.#end !== undefined) return;
    const code = this.alpn === 'h3' ? EXCESSIVE_LOAD.h3 : EXCESSIVE_LOAD.other;
    const gone = this.#connection.close(code, reason);
    this.#finish({ by: 'error', code, reason, error: new QuicError('ProtocolViolation', reason) }, gone);
  }

  #datagramCame(bytes: Uint8Array): void {
    if (this.#datagrams.size >= MAX_DATAGRAMS) this.#datagrams.shift();
    this.#datagrams.push(bytes);
  }

  /** Of a stream the library tells failures by text alone: `StreamReset(code)`, `StreamStopped(code)`. */
  #failed(event: LibraryEvent): void {
    const reason = event.meta?.errorReason ?? '';
    if (event.streamId < 0) return; // a session's error is followed by its close
    const stream = this.#streams.get(event.streamId);
    const [, kind, code] = /Stream(Reset|Stopped)\((\d+)\)/u.exec(reason) ?? [];
    if (kind === 'Reset') stream?.wasReset(Number(code));
    else if (kind === 'Stopped') stream?.wasStopped(Number(code));
    else stream?.lost(new QuicError('ConnectionLost', `the stream failed: ${reason}`, { source: 'stream' }));
  }

  #finish(end: NativeClose, gone?: Promise<void>): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    const error = end.error ?? new QuicError('SessionClosed', 'the connection has ended');
    for (const stream of this.#streams.values()) stream.lost(error);
    this.#streams.clear();
    this.#bidirectional.end();
    this.#unidirectional.end();
    this.#datagrams.end();
    for (const wake of this.#paused) wake();
    const settle = (): void => this.#settle(end);
    if (gone === undefined) settle();
    else gone.then(settle, settle); // however the library fared, the connection is over
  }
}

/** The same bytes without what Buffer does otherwise than Uint8Array (`slice` among it). */
function plainBytes(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** The library gives a code and a reason and does not say of which layer; TLS alerts are 0x100 and up (RFC 9001 section 4.8). */
function closeOf(event: LibraryEvent, alpn: string): NativeClose {
  const code = event.meta?.errorCode ?? 0;
  const reason = event.meta?.errorReason ?? '';
  if (/idle timeout/iu.test(reason)) {
    return {
      by: 'timeout',
      code,
      reason,
      error: new QuicError('IdleTimeout', 'nothing came from the peer for too long'),
    };
  }
  // HTTP/3's own codes begin at 0x100, too (RFC 9114 section 8.1).
  const http = alpn === 'h3' && code <= 0x110;
  if (code >= 0x100 && code <= 0x1ff && !http) {
    return { by: 'error', code, reason, error: tlsFailure(code - 0x100, 'the peer', reason) };
  }
  return { by: 'peer', code, reason };
}
