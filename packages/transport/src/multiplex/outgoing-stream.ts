import type { ByteWriter } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import type { OutgoingStream } from '../transport.js';
import { abortText } from './control-lane.js';
import { aborted, malformedFrame, overloaded } from './errors.js';
import type { LaneHost, LaneOutlet } from './lane-host.js';
import { PART_BYTES_MIN, Piece, PIECE_BYTES_MAX, STREAM_WINDOW_BYTES } from './pieces.js';

/** A kind, a number, a length. */
const HEADER_BYTES = 14;

interface QueuedChunk {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What an outgoing stream tells the lane that it belongs to. */
export interface OutgoingStreamOwner {
  readonly host: LaneHost;
  readonly outlet: LaneOutlet;
  /** Data or an end can be written. */
  ready(stream: MultiplexedOutgoingStream): void;
  /** Both sides are done with it. */
  over(stream: MultiplexedOutgoingStream): void;
}

/** The sending end of a stream. It sends no more than the receiver's window holds, and its writes wait until their bytes were handed on. */
export class MultiplexedOutgoingStream implements OutgoingStream {
  readonly number: number;
  readonly #owner: OutgoingStreamOwner;
  readonly #chunks: QueuedChunk[] = [];
  /** Bytes of the first chunk that were written. */
  #offset = 0;
  #queuedBytes = 0;
  #credit = STREAM_WINDOW_BYTES;
  #finishing: { readonly resolve: (answer: Uint8Array) => void; readonly reject: (error: Error) => void } | undefined;
  #finished = false;
  /** STREAM_END or STREAM_ABORT went out. */
  #endSent = false;
  #answer: Uint8Array | undefined;
  /** Why it failed; nothing more is sent or answered. */
  #error: Error | undefined;
  /** STREAM_ANSWER or STREAM_REFUSE came in. */
  #settledByReceiver = false;
  /** Stands in the lane's ring of streams that can write. */
  inRing = false;

  constructor(number: number, owner: OutgoingStreamOwner) {
    this.number = number;
    this.#owner = owner;
  }

  /** Where its pieces leave. */
  get outlet(): LaneOutlet {
    return this.#owner.outlet;
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#finished) return Promise.reject(misuse('write after finish'));
    if (chunk.length === 0 || this.#answer !== undefined) return Promise.resolve();
    const { queuedBytesMax } = this.#owner.host.limits;
    if (this.#queuedBytes > 0 && this.#queuedBytes + chunk.length > queuedBytesMax) {
      return Promise.reject(overloaded('stream bytes written without waiting', queuedBytesMax));
    }
    return new Promise((resolve, reject) => {
      this.#chunks.push({ bytes: chunk, resolve, reject });
      this.#queuedBytes += chunk.length;
      if (this.#credit > 0) this.#owner.ready(this);
    });
  }

  finish(): Promise<Uint8Array> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#finished) return Promise.reject(misuse('finish called twice'));
    this.#finished = true;
    const answered =
      this.#answer === undefined
        ? new Promise<Uint8Array>((resolve, reject) => {
            this.#finishing = { resolve, reject };
          })
        : Promise.resolve(this.#answer);
    this.#owner.ready(this);
    return answered;
  }

  abort(error: Error): void {
    if (this.#error !== undefined || (this.#endSent && this.#settledByReceiver)) return;
    if (!this.#endSent) this.#sendAbort(error);
    this.fail(aborted('the stream', error, 'unknown'));
    this.#checkOver();
  }

  #sendAbort(error: Error): void {
    this.#endSent = true;
    this.#owner.outlet.control.pushBytes(Piece.STREAM_ABORT, this.number, abortText(error));
    this.#owner.outlet.wake();
  }

  /** Ends it here: writes and the answer reject. */
  fail(error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    for (const chunk of this.#takeChunks()) chunk.reject(error);
    this.#finishing?.reject(error);
    this.#finishing = undefined;
  }

  #takeChunks(): QueuedChunk[] {
    this.#queuedBytes = 0;
    this.#offset = 0;
    return this.#chunks.splice(0);
  }

  #checkOver(): void {
    if (this.#endSent && this.#settledByReceiver) this.#owner.over(this);
  }

  /** The most that `write` would write now, in bytes. */
  get pendingBytes(): number {
    if (this.#endSent || this.#error !== undefined) return 0;
    const data = Math.min(this.#queuedBytes - this.#offset, this.#credit);
    if (data > 0) return data + HEADER_BYTES * (1 + this.#chunks.length);
    return this.#finished && this.#chunks.length === 0 ? HEADER_BYTES : 0;
  }

  /** Writes data, or the end, no more than `room` bytes. */
  writePiece(writer: ByteWriter, room: number): void {
    if (this.#error !== undefined) return;
    const end = writer.length + room;
    for (let chunk = this.#chunks[0]; chunk !== undefined && this.#credit > 0; chunk = this.#chunks[0]) {
      const left = chunk.bytes.length - this.#offset;
      const space = Math.min(end - writer.length - HEADER_BYTES, this.#credit, PIECE_BYTES_MAX);
      const length = Math.min(left, space);
      if (length < left && end - writer.length - HEADER_BYTES < PART_BYTES_MIN) return;
      writer.u8(Piece.STREAM_DATA);
      writer.varint(this.number);
      writer.bytes(chunk.bytes.subarray(this.#offset, this.#offset + length));
      this.#credit -= length;
      this.#offset += length;
      if (length < left) continue;
      this.#chunks.shift();
      this.#queuedBytes -= chunk.bytes.length;
      this.#offset = 0;
      chunk.resolve();
    }
    if (this.#finished && !this.#endSent && this.#chunks.length === 0 && end - writer.length >= HEADER_BYTES) {
      writer.u8(Piece.STREAM_END);
      writer.varint(this.number);
      this.#endSent = true;
      this.#checkOver();
    }
  }

  /** The receiver consumed `bytes`. */
  readCredit(bytes: number): void {
    const credit = this.#credit + bytes;
    if (bytes === 0 || credit > STREAM_WINDOW_BYTES) {
      throw malformedFrame(this.#owner.host.address, `a credit of ${bytes} for stream ${this.number}`);
    }
    this.#credit = credit;
    if (this.pendingBytes > 0) this.#owner.ready(this);
  }

  /** The receiver answered: what is still unsent is not wanted. */
  readAnswer(answer: Uint8Array): void {
    this.#settled();
    this.#answer = answer;
    for (const chunk of this.#takeChunks()) chunk.resolve();
    this.#finishing?.resolve(answer);
    this.#finishing = undefined;
    if (this.#finished) this.#owner.ready(this);
    this.#checkOver();
  }

  /** The receiver refused, or acknowledges our abort. */
  readRefusal(text: string): void {
    this.#settled();
    if (!this.#endSent) this.#sendAbort(new Error(text));
    this.fail(new FlotillaError('Aborted', { message: `the receiver of the stream gave it up: ${text}`, details: {} }));
    this.#checkOver();
  }

  #settled(): void {
    if (this.#settledByReceiver) {
      throw malformedFrame(this.#owner.host.address, `a second end of stream ${this.number}`);
    }
    this.#settledByReceiver = true;
  }
}

function misuse(reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'stream', reason } });
}
