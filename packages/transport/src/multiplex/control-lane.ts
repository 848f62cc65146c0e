import { ByteWriter } from '@flotilla/bytes';
import { overloaded } from './errors.js';
import { ABORT_TEXT_BYTES_MAX, Piece } from './pieces.js';

/** What a queued piece takes in memory besides its bytes, about. */
const PIECE_OVERHEAD_BYTES = 128;
/**
 * Memory for control pieces of one connection. The largest honest amount is a header and an answer for each stream of both
 * directions, 8 MiB, and a failure for each request; more means that the other side sends without reading.
 */
const CONTROL_BYTES_MAX = 10 * 1024 * 1024;

/** Short pieces that go first: credits, cancellations, failures, the ends of streams, pings. */
export class ControlLane {
  readonly #pieces: Uint8Array[] = [];
  #head = 0;
  #bytes = 0;
  #pongDue = false;
  readonly #writer = new ByteWriter(64);
  readonly #overflow: (error: Error) => void;

  /** @param overflow Called when the other side sends without reading; the connection is to be broken. */
  constructor(overflow: (error: Error) => void) {
    this.#overflow = overflow;
  }

  /** The most that `write` would write now, in bytes. */
  get pendingBytes(): number {
    return this.#bytes + (this.#pongDue ? 1 : 0);
  }

  /** Queues a piece of a kind and numbers. */
  push(kind: number, ...numbers: readonly number[]): void {
    this.#writer.u8(kind);
    for (const number of numbers) this.#writer.varint(number);
    this.#add();
  }

  /** Queues a piece of a kind, a number and bytes. */
  pushBytes(kind: number, number: number, bytes: Uint8Array): void {
    this.#writer.u8(kind);
    this.#writer.varint(number);
    this.#writer.bytes(bytes);
    this.#add();
  }

  /** Queues the answer to a ping. However many pings arrive, one answer is enough. */
  pong(): void {
    this.#pongDue = true;
  }

  #add(): void {
    const piece = this.#writer.copy();
    this.#writer.reset();
    const held = this.#bytes + (this.#pieces.length - this.#head) * PIECE_OVERHEAD_BYTES;
    if (held + piece.length > CONTROL_BYTES_MAX) {
      this.#overflow(overloaded('unread control bytes', CONTROL_BYTES_MAX));
      return;
    }
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  /** Writes whole pieces, no more than `room` bytes. */
  write(writer: ByteWriter, room: number): void {
    const end = writer.length + room;
    if (this.#pongDue && writer.length < end) {
      writer.u8(Piece.PONG);
      this.#pongDue = false;
    }
    for (;;) {
      const piece = this.#pieces[this.#head];
      if (piece === undefined || writer.length + piece.length > end) break;
      writer.raw(piece);
      this.#bytes -= piece.length;
      this.#head++;
    }
    if (this.#head === this.#pieces.length) {
      this.#pieces.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#pieces.splice(0, this.#head);
      this.#head = 0;
    }
  }
}

/** The text of an error as it travels: UTF-8, cut to a length that nobody minds. */
export function abortText(error: Error): Uint8Array {
  return new TextEncoder().encode(error.message.slice(0, ABORT_TEXT_BYTES_MAX / 3));
}

/** The text that `abortText` made; bytes that are no UTF-8 become replacement characters. */
export function readAbortText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, ABORT_TEXT_BYTES_MAX));
}
