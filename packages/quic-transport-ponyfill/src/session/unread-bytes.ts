import { Mailbox } from '../native/mailbox.js';

/** Pieces up to this length are put together while they wait, */
const SMALL_BYTES = 256;
/** in blocks of this length. */
const BLOCK_BYTES = 1024;

interface Piece {
  readonly bytes: Uint8Array;
  used: number;
}

/**
 * Bytes that wait for their reader. What they cost is in proportion to their number: small pieces are put together, so that a peer that
 * sends single bytes does not cost a hundred for each.
 */
export class UnreadBytes {
  readonly #pieces = new Mailbox<Piece>();
  /** The youngest piece. */
  #last: Piece | undefined;

  /** Whether all was taken. */
  get isEmpty(): boolean {
    return this.#pieces.size === 0;
  }

  /** Adds bytes, which must stay unchanged until they are taken; nothing after the end. */
  push(bytes: Uint8Array): void {
    if (this.#pieces.ended) return;
    const last = this.isEmpty ? undefined : this.#last;
    if (last !== undefined && bytes.length <= last.bytes.length - last.used) {
      last.bytes.set(bytes, last.used);
      last.used += bytes.length;
      return;
    }
    // The first of many is not known from one alone.
    const piece = last === undefined || bytes.length > SMALL_BYTES ? whole(bytes) : block(bytes);
    this.#last = piece;
    this.#pieces.push(piece);
  }

  /** Resolves with the next bytes, or undefined at the end; rejects if that was an error. One call at a time. */
  async take(): Promise<Uint8Array | undefined> {
    const piece = await this.#pieces.take();
    return piece?.bytes.subarray(0, piece.used);
  }

  /** Nothing comes any more; what waits can still be taken. */
  end(): void {
    this.#pieces.end();
  }

  /** Nothing comes any more, and what waits is dropped: takers get the error. After another end it is nothing. */
  fail(error: Error): void {
    this.#pieces.fail(error);
  }

  /** What waits is dropped, and nothing comes any more. */
  drop(): void {
    this.#pieces.end();
    while (this.#pieces.shift() !== undefined);
  }
}

function whole(bytes: Uint8Array): Piece {
  return { bytes, used: bytes.length };
}

function block(bytes: Uint8Array): Piece {
  const piece: Piece = { bytes: new Uint8Array(BLOCK_BYTES), used: bytes.length };
  piece.bytes.set(bytes);
  return piece;
}
