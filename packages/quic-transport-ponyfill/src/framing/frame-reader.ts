import { readVarint, varintLength } from '../http3/varint.js';

/** Bytes as they come in, of which a reader takes integers and pieces once they are all there. */
export class FrameReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** Bytes that are here and not taken. */
  get available(): number {
    return this.#bytes.length - this.#at;
  }

  /** Adds bytes, which must stay unchanged until they are taken. */
  add(bytes: Uint8Array): void {
    if (this.available === 0) {
      this.#bytes = bytes;
    } else {
      const joined = new Uint8Array(this.available + bytes.length);
      joined.set(this.#bytes.subarray(this.#at));
      joined.set(bytes, this.available);
      this.#bytes = joined;
    }
    this.#at = 0;
  }

  /** The integer that comes next (RFC 9000 section 16), or undefined if it is not all here. It is not taken. */
  peekVarint(): { readonly value: number; readonly length: number } | undefined {
    const first = this.#bytes[this.#at];
    if (first === undefined) return undefined;
    const length = varintLength(first);
    if (this.available < length) return undefined;
    return { value: readVarint(this.#bytes, this.#at), length };
  }

  /** Drops bytes that are here. */
  skip(length: number): void {
    this.#at += length;
  }

  /** Takes that many bytes, or as many as are here: a view, not a copy. */
  take(length: number): Uint8Array {
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += bytes.length;
    return bytes;
  }
}
