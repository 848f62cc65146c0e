import { QuicError } from '../errors.js';
import { Mailbox } from '../native/mailbox.js';
import type { NativeClose, NativeSession, NativeStream } from '../native/native-session.js';
import type { PeerAddress } from '../session.js';
import type { Capsule } from './capsule.js';
import { CapsuleReader, encodeCloseCapsule, encodeDrainCapsule } from './capsule.js';
import { H3_MESSAGE_ERROR, Http3Error, WT_BUFFERED_STREAM_REJECTED, WT_SESSION_GONE } from './error-code.js';
import { DATA, encodeFrame, WT_STREAM, WT_UNI_STREAM } from './frame.js';
import { StreamReader } from './stream-reader.js';
import type { ByteSource } from './stream-reader.js';
import { concatBytes, encodeVarint } from './varint.js';
import { WebTransportStream } from './web-transport-stream.js';

/** After a close, how long the peer has to confirm it, ms. */
const CLOSE_CONFIRMATION_MS = 1_000;

/**
 * A close waits until the peer's youngest stream is so old, ms. Chromium 156 may crash a page whose session is closed by the other side
 * within some milliseconds of a stream that the page has opened; 100 ms were not quite enough.
 */
const YOUNG_STREAM_MS = 250;

/**
 * Then, how long the streams of the session are left to the peer, ms. Chromium 156 may crash a page whose streams are reset while it is
 * told that their session is over.
 */
const ABANDON_MS = 1_000;

/** Streams that may wait to be taken: QUIC lets a peer open another for each that it has ended. */
const MAX_UNTAKEN_STREAMS = 4_096;

/** What a session needs of its connection. */
export interface SessionHost {
  readonly native: NativeSession;
  /** Datagrams of a session that wait for their reader. */
  readonly incomingDatagrams: number;
  /** Called once, when the session and its CONNECT stream are over. */
  ended(session: WebTransportSession): void;
}

/**
 * A WebTransport session over HTTP/3 in the shape of a native one: streams carry their prefix, datagrams their session, and
 * the end goes as a capsule on the CONNECT stream (draft-ietf-webtrans-http3, sections 4 and 6).
 */
export class WebTransportSession implements NativeSession {
  readonly alpn = 'h3';
  readonly closed: Promise<NativeClose>;
  /** Resolves when the peer asks to end soon, by its capsule or by GOAWAY. */
  readonly draining: Promise<void>;
  readonly #host: SessionHost;
  readonly #connect: NativeStream;
  readonly #datagramPrefix: Uint8Array;
  readonly #bidirectional = new Mailbox<NativeStream>();
  readonly #unidirectional = new Mailbox<NativeStream>();
  readonly #datagrams = new Mailbox<Uint8Array>();
  readonly #streams = new Set<WebTransportStream>();
  readonly #resolveClosed: (close: NativeClose) => void;
  readonly #resolveDraining: () => void;
  /** Writes to the CONNECT stream go one after another. */
  #connectWrites: Promise<void> = Promise.resolve();
  /** When the peer's youngest stream came. */
  #lastStream = Number.NEGATIVE_INFINITY;
  #end: NativeClose | undefined;
  /** The peer was asked to end soon: once is enough. */
  #drained = false;
  /** Resolves when the peer's side of the CONNECT stream has ended. */
  readonly #peerEnded = Promise.withResolvers<void>();

  /** @param connect the CONNECT stream, whose id is the session's; `capsules` are the bytes of its DATA frames */
  constructor(host: SessionHost, connect: NativeStream, capsules: ByteSource) {
    this.#host = host;
    this.#connect = connect;
    this.#datagramPrefix = encodeVarint(connect.id / 4);
    const closed = Promise.withResolvers<NativeClose>();
    this.closed = closed.promise;
    this.#resolveClosed = closed.resolve;
    const draining = Promise.withResolvers<void>();
    this.draining = draining.promise;
    this.#resolveDraining = draining.resolve;
    void this.#readCapsules(new CapsuleReader(capsules));
    void host.native.closed.then((close) => this.#finish(close));
  }

  /** The id of the CONNECT stream. */
  get id(): number {
    return this.#connect.id;
  }

  get remoteAddress(): PeerAddress {
    return this.#host.native.remoteAddress;
  }

  get peerCertificates(): readonly Uint8Array[] {
    return this.#host.native.peerCertificates;
  }

  get maxDatagramSize(): number {
    return Math.max(0, this.#host.native.maxDatagramSize - this.#datagramPrefix.length);
  }

  openBidirectional(): Promise<NativeStream> {
    return this.#open(() => this.#host.native.openBidirectional(), WT_STREAM);
  }

  openUnidirectional(): Promise<NativeStream> {
    return this.#open(() => this.#host.native.openUnidirectional(), WT_UNI_STREAM);
  }

  acceptBidirectional(): Promise<NativeStream | undefined> {
    return this.#bidirectional.take();
  }

  acceptUnidirectional(): Promise<NativeStream | undefined> {
    return this.#unidirectional.take();
  }

  sendDatagram(bytes: Uint8Array): boolean {
    if (this.#end !== undefined || bytes.length > this.maxDatagramSize) return false;
    return this.#host.native.sendDatagram(concatBytes(this.#datagramPrefix, bytes));
  }

  receiveDatagram(): Promise<Uint8Array | undefined> {
    return this.#datagrams.take();
  }

  ping(): void {
    this.#host.native.ping();
  }

  admit(): void {
    this.#host.native.admit?.();
  }

  /** Asks the peer to open nothing more and to end the session soon. */
  drain(): void {
    if (this.#end !== undefined || this.#drained) return;
    this.#drained = true;
    void this.#writeCapsule(encodeDrainCapsule(), false);
  }

  close(code: number, reason: string): void {
    if (this.#end !== undefined) return;
    this.#stop({ by: 'local', code, reason });
    void this.#sayClose(code, reason);
  }

  /** A stream of the peer that names this session; `reader` stands behind the prefix. */
  takeStream(native: NativeStream, reader: StreamReader): void {
    const stream = new WebTransportStream(native, reader, (ended) => this.#streams.delete(ended));
    if (this.#end !== undefined) {
      stream.abandon(gone());
      return;
    }
    const untaken = native.direction === 'bidirectional' ? this.#bidirectional : this.#unidirectional;
    if (untaken.size >= MAX_UNTAKEN_STREAMS) {
      native.reset(WT_BUFFERED_STREAM_REJECTED);
      native.stop(WT_BUFFERED_STREAM_REJECTED);
      return;
    }
    this.#lastStream = performance.now();
    this.#streams.add(stream);
    untaken.push(stream);
  }

  /** A datagram of the peer that names this session, without the prefix. */
  takeDatagram(bytes: Uint8Array): void {
    if (this.#datagrams.size >= this.#host.incomingDatagrams) this.#datagrams.shift();
    this.#datagrams.push(bytes);
  }

  /** The peer's connection is going away (GOAWAY). */
  takeGoaway(): void {
    this.#resolveDraining();
  }

  async #open(open: () => Promise<NativeStream>, prefix: number): Promise<NativeStream> {
    if (this.#end !== undefined) throw gone();
    const native = await open();
    const stream = new WebTransportStream(native, new StreamReader(native), (ended) => this.#streams.delete(ended));
    // The end may have come while the peer allowed no more streams.
    if (this.#ended()) {
      stream.abandon(gone());
      throw gone();
    }
    this.#streams.add(stream);
    await stream.write(concatBytes(encodeVarint(prefix), encodeVarint(this.id)), false);
    return stream;
  }

  #ended(): boolean {
    return this.#end !== undefined;
  }

  async #readCapsules(reader: CapsuleReader): Promise<void> {
    try {
      for (;;) {
        const capsule: Capsule | undefined = await reader.next();
        if (capsule?.type === 'drain') {
          this.#resolveDraining();
          continue;
        }
        // An end without a capsule is a close with code 0 and no reason.
        this.#peerClosed(capsule === undefined ? 0 : capsule.closeCode, capsule === undefined ? '' : capsule.reason);
        // Nothing may follow a close.
        if (capsule !== undefined && (await reader.next()) !== undefined) throw afterClose();
        this.#peerEnded.resolve();
        return;
      }
    } catch (error) {
      this.#connectBroken(error);
      this.#peerEnded.resolve();
    }
  }

  #peerClosed(code: number, reason: string): void {
    if (this.#end !== undefined) return;
    this.#stop({ by: 'peer', code, reason });
    this.#abandonStreams();
    void this.#writeConnect(new Uint8Array(), true).then(() => this.#finished());
  }

  #connectBroken(error: unknown): void {
    this.#connect.reset(error instanceof Http3Error ? error.code : WT_SESSION_GONE);
    this.#connect.stop(WT_SESSION_GONE);
    if (this.#end !== undefined) return;
    const lost = new QuicError('ConnectionLost', 'the stream that carries the session was abandoned by the peer', {
      cause: error,
    });
    this.#stop({ by: 'error', code: 0, reason: '', error: lost });
    this.#abandonStreams();
    this.#finished();
  }

  /** Waits until the peer's youngest stream is not that young any more. */
  #settled(): Promise<void> {
    const left = this.#lastStream + YOUNG_STREAM_MS - performance.now();
    if (left <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, left);
      void this.#host.native.closed.then(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /**
   * The capsule and the end of the stream in one write; then the peer has a moment to end its side. Only then are the streams
   * abandoned: else the peer would see them broken off, or on some stacks ended, before it learns that the session is over.
   */
  async #sayClose(code: number, reason: string): Promise<void> {
    await this.#settled();
    await this.#writeCapsule(encodeCloseCapsule(code, reason), true);
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, CLOSE_CONFIRMATION_MS);
    await Promise.race([this.#peerEnded.promise, this.#host.native.closed, timeout.promise]);
    clearTimeout(timer);
    this.#connect.stop(WT_SESSION_GONE);
    this.#finished();
    this.#abandonStreamsLater();
  }

  /** A peer for whom the session was all there is closes the connection now, which says the same of all streams at once. */
  #abandonStreamsLater(): void {
    const timer = setTimeout(() => this.#abandonStreams(), ABANDON_MS);
    void this.#host.native.closed.then(() => clearTimeout(timer));
  }

  #writeCapsule(capsule: Uint8Array, fin: boolean): Promise<void> {
    return this.#writeConnect(encodeFrame(DATA, capsule), fin);
  }

  #writeConnect(bytes: Uint8Array, fin: boolean): Promise<void> {
    // A CONNECT stream that takes no more is found out by its reader.
    this.#connectWrites = this.#connectWrites.then(() => this.#connect.write(bytes, fin)).catch(() => undefined);
    return this.#connectWrites;
  }

  /** The connection ended under the session. */
  #finish(close: NativeClose): void {
    this.#stop(close.by === 'peer' ? { ...close, by: 'error', error: endedByConnection(close) } : close);
    this.#abandonStreams();
    this.#finished();
  }

  /** From here on nothing is sent or received; the first reason stays. */
  #stop(close: NativeClose): void {
    if (this.#end !== undefined) return;
    this.#end = close;
    const error = gone(close);
    for (const stream of this.#streams) stream.end(error);
    for (const mailbox of [this.#bidirectional, this.#unidirectional, this.#datagrams]) mailbox.end();
  }

  #abandonStreams(): void {
    for (const stream of this.#streams) stream.abandon(gone(this.#end));
    this.#streams.clear();
  }

  #finished(): void {
    if (this.#end === undefined) return;
    this.#resolveClosed(this.#end);
    this.#host.ended(this);
  }
}

function gone(close?: NativeClose): QuicError {
  return new QuicError(
    'SessionClosed',
    'the session has ended',
    close?.error === undefined ? {} : { cause: close.error },
  );
}

function afterClose(): Http3Error {
  return new Http3Error('stream', H3_MESSAGE_ERROR, 'a capsule follows the close of the session');
}

function endedByConnection(close: NativeClose): QuicError {
  const code = `0x${close.code.toString(16)}`;
  return new QuicError(
    'ConnectionLost',
    `the peer closed the HTTP/3 connection with ${code} ${close.reason}`.trimEnd(),
  );
}
