import { isQuicError, QuicError } from '../errors.js';
import { untilAborted } from '../native/cancellation.js';
import type { NativeSession, NativeStream } from '../native/native-session.js';
import type { CloseInfo } from '../session.js';
import { type Ending, endingOf, errorOf } from './ending.js';
import type { SessionCore } from './session-core.js';
import type { ReceivingHalf, SendingHalf, SessionStream } from './session-stream.js';

/**
 * A session without frames of our own, for peers that speak WebTransport and nothing of this package: ends, aborts and
 * back-pressure are those of the stacks, with their faults.
 */
export class BareCore implements SessionCore {
  readonly native: NativeSession;
  readonly draining: Promise<void>;
  readonly ended: Promise<Ending>;
  readonly gone: Promise<void>;
  #ending: Ending | undefined;
  #settleEnded: (ending: Ending) => void = () => undefined;
  readonly #pings: ReturnType<typeof setInterval>;

  constructor(native: NativeSession, keepAliveMs: number) {
    this.native = native;
    this.draining = native.draining ?? new Promise(() => undefined);
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
    this.#pings = setInterval(() => native.ping(), keepAliveMs);
    this.gone = native.closed.then((close) => this.#end(endingOf(close)));
  }

  async start(): Promise<Uint8Array | undefined> {
    this.native.admit?.();
    return this.native.peerCertificates[0];
  }

  async openBidirectional(signal: AbortSignal | undefined): Promise<SessionStream> {
    const native = await this.#open(this.native.openBidirectional(), signal);
    return { sending: new BareSending(native), receiving: new BareReceiving(native) };
  }

  async openUnidirectional(signal: AbortSignal | undefined): Promise<SendingHalf> {
    return new BareSending(await this.#open(this.native.openUnidirectional(), signal));
  }

  async acceptBidirectional(): Promise<SessionStream | undefined> {
    const native = await this.native.acceptBidirectional();
    if (native === undefined) return undefined;
    return { sending: new BareSending(native), receiving: new BareReceiving(native) };
  }

  async acceptUnidirectional(): Promise<ReceivingHalf | undefined> {
    const native = await this.native.acceptUnidirectional();
    return native === undefined ? undefined : new BareReceiving(native);
  }

  receiveDatagram(): Promise<Uint8Array | undefined> {
    return this.native.receiveDatagram();
  }

  drain(): void {
    this.native.drain?.();
  }

  close(info: CloseInfo): void {
    if (this.#ending !== undefined) return;
    this.#end({ type: 'closed', info });
    this.native.close(info.closeCode, info.reason);
  }

  async #open(opening: Promise<NativeStream>, signal: AbortSignal | undefined): Promise<NativeStream> {
    if (this.#ending !== undefined) {
      opening.catch(() => undefined); // it fails for the same reason
      throw errorOf(this.#ending);
    }
    if (signal === undefined) return opening;
    try {
      return await untilAborted(opening, signal);
    } catch (error) {
      // Opened after all, and nobody wants it.
      opening.then(
        (stream) => {
          stream.reset(0);
          stream.stop(0);
        },
        () => undefined,
      );
      throw error;
    }
  }

  #end(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    clearInterval(this.#pings);
    this.#settleEnded(ending);
  }
}

/** Tells of a failure once. */
class Failure {
  readonly told: Promise<QuicError>;
  #tell: (error: QuicError) => void = () => undefined;

  constructor() {
    this.told = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  of(error: unknown): QuicError {
    const known = isQuicError(error)
      ? error
      : new QuicError('ConnectionLost', `the stream failed: ${String(error)}`, { source: 'stream', cause: error });
    this.#tell(known);
    return known;
  }
}

class BareSending implements SendingHalf {
  readonly failed: Promise<QuicError>;
  readonly #native: NativeStream;
  readonly #failure = new Failure();
  /** The native stream takes one write at a time. */
  #last: Promise<void> = Promise.resolve();

  constructor(native: NativeStream) {
    this.#native = native;
    this.failed = this.#failure.told;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#queue(() => this.#native.write(bytes, false));
  }

  end(): Promise<void> {
    return this.#queue(() => this.#native.write(new Uint8Array(0), true));
  }

  abort(code: number): void {
    this.#native.reset(code);
  }

  #queue(write: () => Promise<void>): Promise<void> {
    const written = this.#last.then(write).catch((error: unknown) => Promise.reject(this.#failure.of(error)));
    this.#last = written.catch(() => undefined); // told to whoever wrote
    return written;
  }
}

class BareReceiving implements ReceivingHalf {
  readonly failed: Promise<QuicError>;
  readonly #native: NativeStream;
  readonly #failure = new Failure();

  constructor(native: NativeStream) {
    this.#native = native;
    this.failed = this.#failure.told;
  }

  async read(): Promise<Uint8Array | undefined> {
    try {
      return await this.#native.read();
    } catch (error) {
      throw this.#failure.of(error);
    }
  }

  cancel(code: number): void {
    this.#native.stop(code);
  }
}
