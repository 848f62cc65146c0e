import { isQuicError, QuicError } from '../errors.js';
import type { StreamFrameReader } from '../framing/stream-frames.js';
import { concatBytes } from '../http3/varint.js';
import { Mailbox } from '../native/mailbox.js';
import type { NativeStream } from '../native/native-session.js';
import type { ReceivingHalf } from './session-stream.js';

/** Pieces that wait for the reader before they are joined. */
const MAX_PIECES = 1024;

/** What a receiving half needs of its session. */
export interface ReceivingLink {
  /** Something came from the peer. */
  heard(): void;
  /** The peer may send so many bytes of this stream in all. */
  credit(limit: number): void;
  /** The peer shall send no more of it. */
  stop(code: number): void;
  /** The peer broke the protocol. */
  violated(error: QuicError): void;
  /** All was received, and the native stream has ended in this direction. */
  done(): void;
}

/**
 * Receives a framed stream. It reads the native stream without a pause, since the stacks differ in what a pause does: what the peer
 * may send is bounded by the credit that it is given here as its bytes are read.
 */
export class FramedReceiving implements ReceivingHalf {
  readonly failed: Promise<QuicError>;
  readonly #native: NativeStream;
  readonly #frames: StreamFrameReader;
  readonly #window: number;
  readonly #link: ReceivingLink;
  readonly #arrived = new Mailbox<Uint8Array>();
  #received = 0;
  #consumed = 0;
  #limit: number;
  #cancelled = false;
  /** END or ABORT came, or the session ended. */
  #ended = false;
  #tellFailure: (error: QuicError) => void = () => undefined;

  /** @param frames - holds what came in already */
  constructor(native: NativeStream, frames: StreamFrameReader, window: number, link: ReceivingLink) {
    this.#native = native;
    this.#frames = frames;
    this.#window = window;
    this.#limit = window;
    this.#link = link;
    this.failed = new Promise((resolve) => {
      this.#tellFailure = resolve;
    });
  }

  /** Takes all that comes in, until the native stream ends. Never rejects. */
  async receive(): Promise<void> {
    try {
      for (;;) {
        this.#takeFrames();
        const bytes = await this.#native.read();
        if (bytes === undefined) break;
        this.#link.heard();
        this.#frames.add(bytes);
      }
      if (!this.#ended)
        this.#fail(new QuicError('StreamReset', 'the stream was cut off', { source: 'stream', streamErrorCode: 0 }));
    } catch (error) {
      if (isQuicError(error, 'ProtocolViolation')) this.#link.violated(error);
      this.#fail(asReadError(error));
    }
    this.#link.done();
  }

  async read(): Promise<Uint8Array | undefined> {
    const bytes = await this.#arrived.take();
    if (bytes === undefined) return undefined;
    this.#consumed += bytes.length;
    // Half a window at a time: seldom enough to be cheap, often enough that a steady reader never holds up the sender.
    if (!this.#ended && !this.#cancelled && this.#limit - this.#consumed <= this.#window / 2) {
      this.#limit = this.#consumed + this.#window;
      this.#link.credit(this.#limit);
    }
    return bytes;
  }

  cancel(code: number): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#arrived.end();
    while (this.#arrived.shift() !== undefined);
    if (!this.#ended) this.#link.stop(code);
  }

  /** The session has ended. */
  lost(error: QuicError): void {
    this.#fail(error);
  }

  #takeFrames(): void {
    for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
      switch (frame.type) {
        case 'data':
          this.#take(frame.bytes);
          break;
        case 'end':
          this.#ended = true;
          this.#arrived.end();
          break;
        case 'abort':
          this.#fail(
            new QuicError('StreamReset', `the peer has aborted the stream with code ${frame.code}`, {
              source: 'stream',
              streamErrorCode: frame.code,
            }),
          );
          break;
      }
    }
  }

  #take(bytes: Uint8Array): void {
    this.#received += bytes.length;
    if (this.#received > this.#limit) {
      throw new QuicError('ProtocolViolation', `the peer sent more than ${this.#limit} bytes of a stream`);
    }
    if (this.#cancelled) return;
    this.#arrived.push(this.#arrived.size < MAX_PIECES ? bytes : this.#joined(bytes));
  }

  /** All that waits as one piece, so that a peer which sends single bytes does not cost a hundred for each. */
  #joined(bytes: Uint8Array): Uint8Array {
    const pieces: Uint8Array[] = [];
    for (let piece = this.#arrived.shift(); piece !== undefined; piece = this.#arrived.shift()) pieces.push(piece);
    return concatBytes(...pieces, bytes);
  }

  #fail(error: QuicError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#arrived.fail(error);
    if (!this.#cancelled) this.#tellFailure(error);
  }
}

function asReadError(error: unknown): QuicError {
  if (isQuicError(error)) return error;
  return new QuicError('ConnectionLost', `the stream failed: ${String(error)}`, { source: 'stream', cause: error });
}
