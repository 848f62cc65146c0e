import type { NativeStream } from '../native/native-session.js';
import { WT_BUFFERED_STREAM_REJECTED } from './error-code.js';
import type { Http3Limits } from './limits.js';
import type { StreamReader } from './stream-reader.js';
import type { WebTransportSession } from './web-transport-session.js';

/** How many ended sessions are remembered; what comes for older ones waits and is then refused like anything unknown. */
const FINISHED_IDS = 1_024;

interface WaitingStream {
  readonly sessionId: number;
  readonly stream: NativeStream;
  readonly reader: StreamReader;
}

interface WaitingDatagram {
  readonly sessionId: number;
  readonly bytes: Uint8Array;
}

/**
 * Streams and datagrams that came before their session, which QUIC does not order: they wait for it within bounds
 * (draft-ietf-webtrans-http3, section 4.6). What comes after its session is refused, or dropped.
 */
export class EarlyArrivals {
  readonly #limits: Http3Limits;
  #streams: WaitingStream[] = [];
  #datagrams: WaitingDatagram[] = [];
  readonly #finished = new Set<number>();

  constructor(limits: Http3Limits) {
    this.#limits = limits;
  }

  /** A stream of a session that is not there. */
  addStream(sessionId: number, stream: NativeStream, reader: StreamReader): void {
    if (this.#finished.has(sessionId) || this.#streams.length >= this.#limits.bufferedStreams) reject(stream);
    else this.#streams.push({ sessionId, stream, reader });
  }

  /** A datagram of a session that is not there. */
  addDatagram(sessionId: number, bytes: Uint8Array): void {
    if (this.#finished.has(sessionId) || this.#datagrams.length >= this.#limits.bufferedDatagrams) return;
    this.#datagrams.push({ sessionId, bytes });
  }

  /** The session is open: what waited for it is handed over, in order. */
  handOver(session: WebTransportSession): void {
    const { id } = session;
    const streams = this.#streams.filter(({ sessionId }) => sessionId === id);
    const datagrams = this.#datagrams.filter(({ sessionId }) => sessionId === id);
    this.#forget(id);
    for (const { stream, reader } of streams) session.takeStream(stream, reader);
    for (const { bytes } of datagrams) session.takeDatagram(bytes);
  }

  /** The session is over, or never came to be: what waited for it is refused, as is what comes for it from now on. */
  finish(id: number): void {
    for (const { sessionId, stream } of this.#streams) if (sessionId === id) reject(stream);
    this.#forget(id);
    this.#finished.add(id);
    const [oldest] = this.#finished;
    if (this.#finished.size > FINISHED_IDS && oldest !== undefined) this.#finished.delete(oldest);
  }

  #forget(id: number): void {
    this.#streams = this.#streams.filter(({ sessionId }) => sessionId !== id);
    this.#datagrams = this.#datagrams.filter(({ sessionId }) => sessionId !== id);
  }
}

/** Refuses a stream whose session is not there. */
function reject(stream: NativeStream): void {
  stream.reset(WT_BUFFERED_STREAM_REJECTED);
  stream.stop(WT_BUFFERED_STREAM_REJECTED);
}
