import { FlotillaError } from '@flotilla/errors';
import type { IncomingStream } from '../transport.js';
import { abortText } from './control-lane.js';
import { aborted, limitExceeded, malformedFrame } from './errors.js';
import type { LaneHost, LaneOutlet } from './lane-host.js';
import { Piece, STREAM_HEADER_BYTES_MAX, STREAM_WINDOW_BYTES } from './pieces.js';

/** What an incoming stream tells the lane that it belongs to. */
export interface IncomingStreamOwner {
  readonly host: LaneHost;
  readonly outlet: LaneOutlet;
  /** Both sides are done with it. */
  over(stream: MultiplexedIncomingStream): void;
}

interface WaitingRead {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void;
  readonly reject: (error: Error) => void;
}

/** The receiving end of a stream. What was not consumed stays within the window; consuming gives the sender credit. */
export class MultiplexedIncomingStream implements IncomingStream {
  readonly number: number;
  readonly header: Uint8Array;
  readonly #owner: IncomingStreamOwner;
  readonly #chunks: Uint8Array[] = [];
  readonly #reads: WaitingRead[] = [];
  /** Bytes that the sender may still send. */
  #window = STREAM_WINDOW_BYTES;
  /** Bytes consumed and not yet credited. */
  #consumed = 0;
  /** STREAM_END or STREAM_ABORT came in. */
  #endReceived = false;
  #error: Error | undefined;
  /** STREAM_ANSWER or STREAM_REFUSE went out: what still comes is not wanted. */
  #settled = false;
  #answered = false;
  #iterated = false;

  constructor(number: number, header: Uint8Array, owner: IncomingStreamOwner) {
    this.number = number;
    this.header = header;
    this.#owner = owner;
  }

  answer(bytes: Uint8Array): void {
    if (this.#answered) throw misuse('answer called twice');
    if (bytes.length > STREAM_HEADER_BYTES_MAX) {
      throw limitExceeded('the answer to a stream', STREAM_HEADER_BYTES_MAX, bytes.length);
    }
    this.#answered = true;
    this.#settle(Piece.STREAM_ANSWER, bytes);
  }

  abort(error: Error): void {
    this.#settle(Piece.STREAM_REFUSE, abortText(error));
    this.fail(aborted('the stream', error, 'unknown'));
  }

  #settle(kind: number, bytes: Uint8Array): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#error === undefined || kind === Piece.STREAM_REFUSE) {
      this.#owner.outlet.control.pushBytes(kind, this.number, bytes);
      this.#owner.outlet.wake();
    }
    if (kind === Piece.STREAM_ANSWER) this.#endReads();
    if (!this.#endReceived) this.#discard();
    this.#checkOver();
  }

  #endReads(): void {
    for (const read of this.#reads.splice(0)) read.resolve({ done: true, value: undefined });
  }

  #checkOver(): void {
    if (this.#settled && this.#endReceived) this.#owner.over(this);
  }

  /** What has arrived is not wanted: the sender gets its credit back, so that it can come to an end. */
  #discard(): void {
    for (const chunk of this.#chunks.splice(0)) this.#consume(chunk.length);
  }

  #consume(bytes: number): void {
    this.#consumed += bytes;
    if (this.#consumed < STREAM_WINDOW_BYTES / 2 || this.#endReceived) return;
    this.#window += this.#consumed;
    this.#owner.outlet.control.push(Piece.STREAM_CREDIT, this.number, this.#consumed);
    this.#owner.outlet.wake();
    this.#consumed = 0;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    if (this.#iterated) throw misuse('a stream is iterated once');
    this.#iterated = true;
    return {
      next: () => this.#next(),
      return: () => {
        if (!this.#endReceived && !this.#settled) this.abort(new Error('the receiver stopped reading'));
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#consume(chunk.length);
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#endReceived || this.#settled) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#reads.push({ resolve, reject }));
  }

  /** Ends it here: iterating throws, and what was not consumed is dropped. */
  fail(error: Error): void {
    if (this.#error !== undefined || (this.#endReceived && this.#settled)) return;
    this.#error = error;
    this.#chunks.length = 0;
    for (const read of this.#reads.splice(0)) read.reject(error);
  }

  /** Data arrived. */
  readData(bytes: Uint8Array): void {
    this.#refuseAfterEnd();
    if (bytes.length === 0 || bytes.length > this.#window) {
      throw malformedFrame(
        this.#owner.host.address,
        `${bytes.length} bytes for stream ${this.number}, whose window holds ${this.#window}`,
      );
    }
    this.#window -= bytes.length;
    const read = this.#settled ? undefined : this.#reads.shift();
    if (this.#settled || read !== undefined) {
      this.#consume(bytes.length);
      read?.resolve({ done: false, value: bytes });
    } else {
      this.#chunks.push(bytes);
    }
  }

  /** The sender finished. */
  readEnd(): void {
    this.#refuseAfterEnd();
    this.#endReceived = true;
    this.#endReads();
    this.#checkOver();
  }

  /** The sender gave up, or acknowledges our refusal. */
  readAbort(text: string): void {
    this.#refuseAfterEnd();
    this.#endReceived = true;
    this.fail(new FlotillaError('Aborted', { message: `the sender of the stream gave it up: ${text}`, details: {} }));
    if (!this.#settled) {
      this.#settled = true;
      this.#owner.outlet.control.pushBytes(Piece.STREAM_REFUSE, this.number, new Uint8Array(0));
      this.#owner.outlet.wake();
    }
    this.#checkOver();
  }

  #refuseAfterEnd(): void {
    if (this.#endReceived)
      throw malformedFrame(this.#owner.host.address, `more of stream ${this.number} after its end`);
  }
}

function misuse(reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'stream', reason } });
}
