import { isQuicError, QuicError } from '../errors.js';
import type { NativeDirection, NativeStream } from '../native/native-session.js';
import { toApplicationCode, toHttp3Code, WT_SESSION_GONE } from './error-code.js';
import type { StreamReader } from './stream-reader.js';

/** A QUIC stream that belongs to a session: its bytes come after the prefix, its codes are the application's. */
export class WebTransportStream implements NativeStream {
  readonly #native: NativeStream;
  readonly #reader: StreamReader;
  readonly #ended: (stream: WebTransportStream) => void;
  /** Sides that may still carry bytes. */
  #sending: boolean;
  #receiving: boolean;
  /** Why the session ended, once it did. */
  #gone: QuicError | undefined;
  /** Ends what waits. */
  readonly #interrupt = new Set<(error: QuicError) => void>();

  /** @param ended called once, when neither side carries bytes any more */
  constructor(native: NativeStream, reader: StreamReader, ended: (stream: WebTransportStream) => void) {
    this.#native = native;
    this.#reader = reader;
    this.#ended = ended;
    this.#sending = native.direction !== 'incoming';
    this.#receiving = native.direction !== 'outgoing';
  }

  get id(): number {
    return this.#native.id;
  }

  get direction(): NativeDirection {
    return this.#native.direction;
  }

  async write(bytes: Uint8Array, fin: boolean): Promise<void> {
    this.#checkGone();
    try {
      await this.#interruptible(this.#native.write(bytes, fin));
    } catch (error) {
      this.#stopSending();
      throw this.#translated(error);
    }
    if (fin) this.#stopSending();
  }

  async read(): Promise<Uint8Array | undefined> {
    this.#checkGone();
    if (!this.#receiving) return undefined;
    try {
      const bytes = await this.#interruptible(this.#reader.some());
      if (bytes === undefined) this.#stopReceiving();
      return bytes;
    } catch (error) {
      this.#stopReceiving();
      throw this.#translated(error);
    }
  }

  reset(code: number): void {
    if (!this.#sending) return;
    this.#native.reset(toHttp3Code(code));
    this.#stopSending();
  }

  stop(code: number): void {
    if (!this.#receiving) return;
    this.#native.stop(toHttp3Code(code));
    this.#stopReceiving();
  }

  /** The session has ended for this side: what waits fails, and whatever is asked from here on. */
  end(gone: QuicError): void {
    this.#gone ??= gone;
    for (const interrupt of this.#interrupt) interrupt(this.#gone);
  }

  /** Tells the peer that the session of this stream is gone (draft-ietf-webtrans-http3, section 6). */
  abandon(gone: QuicError): void {
    this.end(gone);
    if (this.#sending) this.#native.reset(WT_SESSION_GONE);
    if (this.#receiving) this.#native.stop(WT_SESSION_GONE);
    this.#sending = false;
    this.#receiving = false;
  }

  #interruptible<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#interrupt.add(reject);
      work.then(resolve, reject).finally(() => this.#interrupt.delete(reject));
    });
  }

  #checkGone(): void {
    if (this.#gone !== undefined) throw this.#gone;
  }

  #stopSending(): void {
    this.#side('sending');
  }

  #stopReceiving(): void {
    this.#side('receiving');
  }

  #side(side: 'sending' | 'receiving'): void {
    const open = this.#sending || this.#receiving;
    if (side === 'sending') this.#sending = false;
    else this.#receiving = false;
    if (open && !this.#sending && !this.#receiving) this.#ended(this);
  }

  /** Codes of HTTP/3 become those of the application. */
  #translated(error: unknown): unknown {
    if (this.#gone !== undefined) return this.#gone;
    if (!isQuicError(error, 'StreamReset', 'StreamStopped')) return error;
    const code = toApplicationCode(error.streamErrorCode ?? 0);
    return new QuicError(error.code, error.message, {
      source: 'stream',
      cause: error,
      ...(code === undefined ? {} : { streamErrorCode: code }),
    });
  }
}
