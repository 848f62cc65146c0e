import { isQuicError, QuicError } from '../errors.js';
import type { StreamFrameReader } from '../framing/stream-frames.js';
import type { NativeStream } from '../native/native-session.js';
import type { ReceiveWindow } from './receive-window.js';
import type { ReceivingHalf } from './session-stream.js';
import { UnreadBytes } from './unread-bytes.js';

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
  /** The native stream has ended in this direction, and the stream keeps no place among those that its opener may have. */
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
  readonly #window: ReceiveWindow;
  readonly #link: ReceivingLink;
  readonly #opener: 'own' | 'peer';
  readonly #unread = new UnreadBytes();
  #cancelled = false;
  /** END or ABORT came, or the session ended. */
  #ended = false;
  #nativeOver = false;
  #taken = false;
  #done = false;
  #tellFailure: (error: QuicError) => void = () => undefined;

  /**
   * @param frames - holds what came in already
   * @param opener - a stream of the peer keeps its place until somebody has taken it and nothing waits to be read: else whatever
   * ends would make room for more, without end
   */
  constructor(
    native: NativeStream,
    frames: StreamFrameReader,
    window: ReceiveWindow,
    opener: 'own' | 'peer',
    link: ReceivingLink,
  ) {
    this.#native = native;
    this.#frames = frames;
    this.#window = window;
    this.#opener = opener;
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
    this.#nativeOver = true;
    this.#maybeDone();
  }

  /** Somebody has this stream now, and will read, cancel or drop it. */
  taken(): void {
    this.#taken = true;
    this.#maybeDone();
  }

  async read(): Promise<Uint8Array | undefined> {
    const bytes = await this.#unread.take();
    if (bytes === undefined) return undefined;
    const limit = this.#window.read(bytes.length);
    if (limit !== undefined) this.#link.credit(limit);
    this.#maybeDone();
    return bytes;
  }

  cancel(code: number): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#unread.drop();
    this.#window.close();
    if (!this.#ended) this.#link.stop(code);
    this.#maybeDone();
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
          this.#unread.end();
          this.#window.end();
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
    this.#window.received(bytes.length);
    if (!this.#cancelled) this.#unread.push(bytes);
  }

  #fail(error: QuicError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unread.fail(error);
    this.#window.close();
    if (!this.#cancelled) this.#tellFailure(error);
  }

  #maybeDone(): void {
    if (this.#done || !this.#nativeOver) return;
    if (this.#opener === 'peer' && !(this.#taken && this.#unread.isEmpty)) return;
    this.#done = true;
    this.#window.close();
    this.#link.done();
  }
}

function asReadError(error: unknown): QuicError {
  if (isQuicError(error)) return error;
  return new QuicError('ConnectionLost', `the stream failed: ${String(error)}`, { source: 'stream', cause: error });
}
