import { utf8Encode } from './utf8.js';
import { VARINT_BYTES_MAX, varintLength } from './varint.js';

const CAPACITY_DEFAULT = 256;
const SHORT_COPY_MAX = 32;
const TWO_32 = 0x1_0000_0000;

/**
 * Writes little-endian integers, varints, bytes and text into one array that grows by doubling and can be used again.
 *
 * Integers are safe integers from 0 on; a value that its width cannot hold is a caller's bug and throws RangeError
 * before anything is written. Not for secrets: `reset` does not clear.
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  /** @param capacity Bytes to reserve at once; a writer that is never asked for more hands out its array without a copy. */
  constructor(capacity: number = CAPACITY_DEFAULT) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written and keeps the array. What `view` gave out becomes invalid. */
  reset(): void {
    this.#length = 0;
  }

  /** Forgets what was written after `length` bytes. */
  truncate(length: number): void {
    if (!(length >= 0 && length <= this.#length))
      throw new RangeError(`cannot truncate ${this.#length} bytes to ${length}`);
    this.#length = length;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.#length + count;
    if (needed > this.#bytes.length) this.#grow(needed);
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2, 16));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  /** One byte, 0 to 255. */
  u8(value: number): void {
    if ((value & 0xff) !== value) throw new RangeError(`not an unsigned 8-bit integer: ${value}`);
    if (this.#length === this.#bytes.length) this.#grow(this.#length + 1);
    this.#bytes[this.#length++] = value;
  }

  /** Two bytes, little-endian. */
  u16(value: number): void {
    if ((value & 0xffff) !== value) throw new RangeError(`not an unsigned 16-bit integer: ${value}`);
    this.reserve(2);
    const bytes = this.#bytes;
    const at = this.#length;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    this.#length = at + 2;
  }

  /** Four bytes, little-endian. */
  u32(value: number): void {
    if (value >>> 0 !== value) throw new RangeError(`not an unsigned 32-bit integer: ${value}`);
    this.reserve(4);
    this.#putU32(this.#length, value);
    this.#length += 4;
  }

  #putU32(at: number, value: number): void {
    const bytes = this.#bytes;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }

  /** Eight bytes, little-endian, of a safe integer from 0 on. */
  u64(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a safe integer from 0 on: ${value}`);
    this.reserve(8);
    this.#putU32(this.#length, value >>> 0);
    this.#putU32(this.#length + 4, (value / TWO_32) >>> 0);
    this.#length += 8;
  }

  /** Overwrites four bytes that were written before, such as a length or checksum that is known only at the end. */
  patchU32(offset: number, value: number): void {
    if (value >>> 0 !== value) throw new RangeError(`not an unsigned 32-bit integer: ${value}`);
    if (!(offset >= 0 && offset + 4 <= this.#length))
      throw new RangeError(`no four bytes at ${offset} of ${this.#length}`);
    this.#putU32(offset, value);
  }

  /** A safe integer from 0 on in 1 to 8 bytes: seven bits a byte, low ones first, the high bit says that more follow. */
  varint(value: number): void {
    if (value < 0x80 && value >>> 0 === value) {
      if (this.#length === this.#bytes.length) this.#grow(this.#length + 1);
      this.#bytes[this.#length++] = value;
      return;
    }
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a safe integer from 0 on: ${value}`);
    // Exactly what it takes: an array made to the right length must not grow for its last varint.
    if (this.#bytes.length - this.#length < VARINT_BYTES_MAX) this.reserve(varintLength(value));
    const bytes = this.#bytes;
    let at = this.#length;
    let rest = value;
    while (rest >= 0x1000_0000) {
      bytes[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#length = at;
  }

  /** A boolean as one byte, 0 or 1. */
  boolean(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  /** The bytes themselves, without a length. */
  raw(bytes: Uint8Array): void {
    const count = bytes.length;
    this.reserve(count);
    if (count <= SHORT_COPY_MAX) {
      const target = this.#bytes;
      const at = this.#length;
      for (let i = 0; i < count; i++) target[at + i] = bytes[i] ?? 0;
    } else {
      this.#bytes.set(bytes, this.#length);
    }
    this.#length += count;
  }

  /** A varint length, then the bytes. */
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** A varint length in bytes, then the text as UTF-8. */
  string(text: string): void {
    this.bytes(utf8Encode(text));
  }

  /** What was written, as a view that the next write or `reset` makes invalid. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy of what was written; the writer can go on. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Hands over what was written without a copy; the writer is empty afterwards and owns nothing of it. */
  take(): Uint8Array {
    const bytes = this.#bytes;
    const taken = this.#length === bytes.length ? bytes : bytes.subarray(0, this.#length);
    this.#bytes = EMPTY;
    this.#length = 0;
    return taken;
  }
}

const EMPTY = new Uint8Array(0);

/** Bytes that `ByteWriter.bytes` takes for an array of `length` bytes. */
export function prefixedLength(length: number): number {
  return varintLength(length) + length;
}
