import { MalformedBytes } from './malformed-bytes.js';
import { utf8Decode } from './utf8.js';

const TWO_28 = 0x1000_0000;
const TWO_32 = 0x1_0000_0000;

/**
 * Reads what a ByteWriter wrote. Every read is bounds-checked; no read allocates by a length that it has not checked
 * against the bytes at hand.
 *
 * All methods but the getters throw {@link MalformedBytes}; a reader that threw is of no further use.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #offset: number;

  /** Reads `bytes` from `start` up to, not including, `end`. */
  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`no range ${start}..${end} in ${bytes.length} bytes`);
    }
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = end;
  }

  /** Position of the next read in the array. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes left to read. */
  get remaining(): number {
    return this.#end - this.#offset;
  }

  /** Refuses what is left over. */
  end(): void {
    if (this.#offset !== this.#end) throw new MalformedBytes(`${this.remaining} trailing bytes`, this.#offset);
  }

  /** Refuses the bytes, with the reason; for rules that only the caller knows. */
  fail(reason: string): never {
    throw new MalformedBytes(reason, this.#offset);
  }

  #need(count: number): void {
    if (count > this.#end - this.#offset) {
      throw new MalformedBytes(`${count} bytes needed, ${this.remaining} left`, this.#offset);
    }
  }

  /** One byte. */
  u8(): number {
    if (this.#offset >= this.#end) this.#need(1);
    return this.#bytes[this.#offset++] ?? 0;
  }

  /** Two bytes, little-endian. */
  u16(): number {
    this.#need(2);
    const bytes = this.#bytes;
    const at = this.#offset;
    this.#offset = at + 2;
    return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  }

  /** Four bytes, little-endian. */
  u32(): number {
    this.#need(4);
    const at = this.#offset;
    this.#offset = at + 4;
    return this.#getU32(at);
  }

  #getU32(at: number): number {
    const bytes = this.#bytes;
    return (
      ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>>
      0
    );
  }

  /** Eight bytes, little-endian, that hold a safe integer. */
  u64(): number {
    this.#need(8);
    const at = this.#offset;
    const value = this.#getU32(at + 4) * TWO_32 + this.#getU32(at);
    if (value > Number.MAX_SAFE_INTEGER) throw new MalformedBytes('integer above 2^53-1', at);
    this.#offset = at + 8;
    return value;
  }

  /** A safe integer as `ByteWriter.varint` wrote it; a longer form of the same number than need be is refused. */
  varint(): number {
    const first = this.#offset < this.#end ? (this.#bytes[this.#offset] ?? 0) : 0x80;
    if (first < 0x80) {
      this.#offset++;
      return first;
    }
    return this.#longVarint();
  }

  #longVarint(): number {
    const bytes = this.#bytes;
    const start = this.#offset;
    const limit = Math.min(this.#end, start + 8);
    let at = start;
    let low = 0;
    let high = 0;
    let shift = 0;
    for (;;) {
      if (at === limit) {
        throw new MalformedBytes(limit === this.#end ? 'varint runs past the end' : 'varint above 2^53-1', start);
      }
      const byte = bytes[at++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else high |= bits << (shift - 28);
      if (byte < 0x80) {
        if (byte === 0 && at - start > 1) throw new MalformedBytes('varint longer than need be', start);
        break;
      }
      shift += 7;
    }
    const value = (high >>> 0) * TWO_28 + low;
    if (value > Number.MAX_SAFE_INTEGER) throw new MalformedBytes('varint above 2^53-1', start);
    this.#offset = at;
    return value;
  }

  /** A boolean: one byte that is 0 or 1. */
  boolean(): boolean {
    const value = this.u8();
    if (value > 1) throw new MalformedBytes(`not a boolean: ${value}`, this.#offset - 1);
    return value === 1;
  }

  /** `count` bytes as a view of the array, not a copy. */
  raw(count: number): Uint8Array {
    this.#need(count);
    const at = this.#offset;
    this.#offset = at + count;
    return this.#bytes.subarray(at, this.#offset);
  }

  /** A varint length, then that many bytes, as a view of the array. `max` bounds the length. */
  bytes(max: number = Number.MAX_SAFE_INTEGER): Uint8Array {
    const at = this.#offset;
    const length = this.varint();
    if (length > max) throw new MalformedBytes(`${length} bytes where at most ${max} may stand`, at);
    return this.raw(length);
  }

  /** A varint length in bytes, then UTF-8. `maxBytes` bounds the length. */
  string(maxBytes: number = Number.MAX_SAFE_INTEGER): string {
    const at = this.#offset;
    const bytes = this.bytes(maxBytes);
    try {
      return utf8Decode(bytes);
    } catch {
      throw new MalformedBytes('text that is not UTF-8', at);
    }
  }

  /** A varint count of items of which each takes at least `itemBytesMin` bytes: more than can follow are refused. */
  count(itemBytesMin: number): number {
    const at = this.#offset;
    const count = this.varint();
    if (count * itemBytesMin > this.remaining) {
      throw new MalformedBytes(`${count} items cannot stand in ${this.remaining} bytes`, at);
    }
    return count;
  }
}
