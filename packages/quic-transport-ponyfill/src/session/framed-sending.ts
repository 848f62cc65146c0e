import { isQuicError, QuicError } from '../errors.js';
import { abortFrame, dataHeader, endFrame, MAX_DATA_FRAME } from '../framing/stream-frames.js';
import { concatBytes } from '../http3/varint.js';
import type { NativeStream } from '../native/native-session.js';
import type { SendingHalf } from './session-stream.js';

/** Writes up to this length are copied and wait together, so that many small ones go as one. */
const COPIED_BYTES = 16 * 1024;
/** So many copied bytes may wait before writes wait. */
const WAITING_BYTES = 64 * 1024;
/** A frame with its header stays within the longest frame, and within what stacks take at once. */
const FRAME_BYTES: number = MAX_DATA_FRAME - 64;

interface Waiter {
  /** Resolves when so many bytes in all were handed over. */
  readonly at: number;
  readonly resolve: () => void;
  readonly reject: (error: QuicError) => void;
}

/**
 * Sends a framed stream: one outstanding write on the native stream, never more bytes than the reader gave credit for, and
 * the end in one write with FIN (a FIN that travels alone can be lost for ever; docs/quic.md).
 */
export class FramedSending implements SendingHalf {
  readonly failed: Promise<QuicError>;
  readonly #native: NativeStream;
  readonly #onDone: () => void;
  /** What goes before the first frame: the stream's number, by whoever opened it. */
  #prefix: Uint8Array;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Bytes of DATA handed to the native stream. */
  #sent = 0;
  /** Bytes of DATA that the reader allows in all. */
  #limit: number;
  #state: 'open' | 'ending' | 'aborting' | 'done' = 'open';
  #abortCode = 0;
  #error: QuicError | undefined;
  #flushing = false;
  #waiters: Waiter[] = [];
  #finished: { readonly resolve: () => void; readonly reject: (error: QuicError) => void }[] = [];
  #tellFailure: (error: QuicError) => void = () => undefined;

  constructor(native: NativeStream, prefix: Uint8Array, limit: number, onDone: () => void) {
    this.#native = native;
    this.#prefix = prefix;
    this.#limit = limit;
    this.#onDone = onDone;
    this.failed = new Promise((resolve) => {
      this.#tellFailure = resolve;
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#state !== 'open') return Promise.reject(ended());
    if (bytes.length === 0) return Promise.resolve();
    const copied = bytes.length <= COPIED_BYTES;
    this.#pending.push(copied ? new Uint8Array(bytes) : bytes);
    this.#pendingBytes += bytes.length;
    this.#flush();
    const total = this.#sent + this.#pendingBytes;
    const at = copied ? total - WAITING_BYTES : total;
    if (this.#sent >= at) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ at, resolve, reject });
    });
  }

  end(): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#state === 'done') return Promise.resolve();
    const finished = new Promise<void>((resolve, reject) => {
      this.#finished.push({ resolve, reject });
    });
    if (this.#state === 'open') this.#state = 'ending';
    this.#flush();
    return finished;
  }

  abort(code: number): void {
    if (this.#state === 'done' || this.#state === 'aborting') return;
    this.#giveUp(code, new QuicError('SessionClosed', 'this side has aborted the stream', { source: 'stream' }));
  }

  /** The reader wants no more. */
  stopped(code: number): void {
    if (this.#state === 'done' || this.#state === 'aborting') return;
    const error = new QuicError('StreamStopped', `the peer has cancelled the stream with code ${code}`, {
      source: 'stream',
      streamErrorCode: code,
    });
    this.#giveUp(code, error);
  }

  /** The reader allows so many bytes in all. */
  credit(limit: number): void {
    if (limit <= this.#limit) return;
    this.#limit = limit;
    this.#flush();
  }

  /** The session has ended. */
  lost(error: QuicError): void {
    if (this.#state === 'done') return;
    this.#fail(error);
    this.#over();
  }

  #giveUp(code: number, error: QuicError): void {
    this.#state = 'aborting';
    this.#abortCode = code;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#fail(error);
    this.#flush();
  }

  #fail(error: QuicError): void {
    this.#error ??= error;
    this.#tellFailure(this.#error);
    for (const waiter of this.#waiters) waiter.reject(this.#error);
    this.#waiters = [];
    for (const waiting of this.#finished) waiting.reject(this.#error);
    this.#finished = [];
  }

  #flush(): void {
    if (this.#flushing || this.#state === 'done') return;
    this.#flushing = true;
    this.#send().catch((error: unknown) => this.lost(asStreamError(error)));
  }

  async #send(): Promise<void> {
    try {
      for (;;) {
        const piece = this.#next();
        if (piece === undefined) return;
        this.#release();
        await this.#native.write(piece.bytes, piece.fin);
        if (this.#state === 'done') return;
        if (piece.fin) {
          this.#over();
          return;
        }
      }
    } finally {
      this.#flushing = false;
    }
  }

  /** What goes out next, if anything can. */
  #next(): { readonly bytes: Uint8Array; readonly fin: boolean } | undefined {
    if (this.#state === 'aborting') return { bytes: this.#prefixed([abortFrame(this.#abortCode)]), fin: true };
    const length = Math.min(this.#pendingBytes, this.#limit - this.#sent, FRAME_BYTES);
    const parts = length > 0 ? [dataHeader(length), ...this.#takePending(length)] : [];
    const fin = this.#state === 'ending' && this.#pendingBytes === 0;
    if (fin) parts.push(endFrame());
    return parts.length === 0 ? undefined : { bytes: this.#prefixed(parts), fin };
  }

  #prefixed(parts: readonly Uint8Array[]): Uint8Array {
    const bytes = concatBytes(this.#prefix, ...parts);
    this.#prefix = new Uint8Array(0);
    return bytes;
  }

  #takePending(length: number): readonly Uint8Array[] {
    const taken: Uint8Array[] = [];
    let left = length;
    let whole = 0;
    for (const chunk of this.#pending) {
      if (chunk.length > left) break;
      taken.push(chunk);
      left -= chunk.length;
      whole++;
    }
    this.#pending.splice(0, whole);
    const [first] = this.#pending;
    if (left > 0 && first !== undefined) {
      taken.push(first.subarray(0, left));
      this.#pending[0] = first.subarray(left);
    }
    this.#pendingBytes -= length;
    this.#sent += length;
    return taken;
  }

  #release(): void {
    if (this.#waiters.length === 0) return;
    const ready = this.#waiters.filter((waiter) => waiter.at <= this.#sent);
    this.#waiters = this.#waiters.filter((waiter) => waiter.at > this.#sent);
    for (const waiter of ready) waiter.resolve();
  }

  #over(): void {
    this.#state = 'done';
    for (const waiting of this.#finished) waiting.resolve();
    this.#finished = [];
    this.#onDone();
  }
}

/** Failures of stacks that are no `QuicError`s would be mistakes of theirs; they end the stream all the same. */
function asStreamError(error: unknown): QuicError {
  if (isQuicError(error)) return error;
  return new QuicError('ConnectionLost', `the stream failed: ${String(error)}`, { source: 'stream', cause: error });
}

function ended(): QuicError {
  return new QuicError('SessionClosed', 'this side has ended the stream', { source: 'stream' });
}
