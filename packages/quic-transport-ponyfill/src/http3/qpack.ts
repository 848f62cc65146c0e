// QPACK (RFC 9204) with a dynamic table of capacity 0: the static table, literals, and Huffman-coded strings.
import {
  Http3Error,
  QPACK_DECODER_STREAM_ERROR,
  QPACK_DECOMPRESSION_FAILED,
  QPACK_ENCODER_STREAM_ERROR,
} from './error-code.js';
import { decodeHuffman } from './huffman-code.js';
import { STATIC_TABLE } from './qpack-static-table.js';
import { concatBytes } from './varint.js';

/** A field line: name in lower case, and value; each octet is one character (RFC 9110, section 5.5). */
export type Field = readonly [name: string, value: string];

const failed = (message: string): Http3Error => new Http3Error('connection', QPACK_DECOMPRESSION_FAILED, message);

/** Reads prefixed integers and string literals (RFC 7541, sections 5.1 and 5.2). */
class FieldReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** First byte of what comes next. */
  get next(): number {
    return this.#bytes[this.#offset] ?? 0;
  }

  integer(prefixBits: number): number {
    if (this.done) throw failed('a field section ends within an integer');
    const mask = (1 << prefixBits) - 1;
    let value = this.next & mask;
    this.#offset += 1;
    if (value < mask) return value;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#offset];
      if (byte === undefined) throw failed('a field section ends within an integer');
      this.#offset += 1;
      value += (byte & 0x7f) * factor;
      if (value > 0xffff_ffff || factor > 0xffff_ffff) throw failed('an integer of a field section is too large');
      if (byte < 0x80) return value;
    }
  }

  string(prefixBits: number): string {
    const coded = (this.next & (1 << prefixBits)) !== 0;
    const length = this.integer(prefixBits);
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw failed('a field section ends within a string');
    const raw = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    const octets = coded ? decodeHuffman(raw) : raw;
    if (octets === undefined) throw failed('a string of a field section is not in the Huffman code');
    let text = '';
    for (const octet of octets) text += String.fromCharCode(octet);
    return text;
  }
}

function staticEntry(index: number): Field {
  const entry = STATIC_TABLE[index];
  if (entry === undefined) throw failed(`the static table has no entry ${index}`);
  return entry;
}

function fieldLine(reader: FieldReader): Field {
  const first = reader.next;
  if ((first & 0xc0) === 0xc0) return staticEntry(reader.integer(6));
  if ((first & 0xd0) === 0x50) {
    const [name] = staticEntry(reader.integer(4));
    return [name, reader.string(7)];
  }
  if ((first & 0xe0) === 0x20) return [reader.string(3), reader.string(7)];
  throw failed('a field line refers to the dynamic table, which has no capacity');
}

/**
 * Decodes an encoded field section (RFC 9204, section 4.5). Throws {@link Http3Error} (connection, QPACK_DECOMPRESSION_FAILED)
 * for what no encoder without dynamic table makes. `undefined` if the section is larger than `maxSize` in the measure of RFC 9114,
 * section 4.2.2: name, value and 32 for each line.
 */
export function decodeFieldSection(section: Uint8Array, maxSize: number): Field[] | undefined {
  const reader = new FieldReader(section);
  if (reader.integer(8) !== 0) throw failed('a field section asks for insertions into the dynamic table');
  if ((reader.next & 0x80) !== 0) throw failed('the base of a field section is negative');
  reader.integer(7);
  const fields: Field[] = [];
  let size = 0;
  while (!reader.done) {
    const field = fieldLine(reader);
    size += field[0].length + field[1].length + 32;
    if (size > maxSize) return undefined;
    fields.push(field);
  }
  return fields;
}

function prefixed(value: number, prefixBits: number, flags: number): Uint8Array {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) return Uint8Array.of(flags | value);
  const bytes = [flags | mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function octets(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Encodes fields with static references where the table has them, without Huffman code: it is for messages of a few fields. */
export function encodeFieldSection(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0, 0)];
  for (const [name, value] of fields) {
    const exact = STATIC_TABLE.findIndex((entry) => entry[0] === name && entry[1] === value);
    const named = STATIC_TABLE.findIndex((entry) => entry[0] === name);
    if (exact >= 0) {
      parts.push(prefixed(exact, 6, 0xc0));
      continue;
    }
    if (named >= 0) parts.push(prefixed(named, 4, 0x50));
    else parts.push(prefixed(name.length, 3, 0x20), octets(name));
    parts.push(prefixed(value.length, 7, 0), octets(value));
  }
  return concatBytes(...parts);
}

/**
 * Checks the bytes of the peer's encoder stream: with a table of capacity 0 the one instruction that makes sense is to set that
 * capacity (RFC 9204, section 4.3). Throws {@link Http3Error} (connection).
 */
export function checkEncoderStream(bytes: Uint8Array): void {
  if (bytes.some((byte) => byte !== 0x20)) {
    throw new Http3Error(
      'connection',
      QPACK_ENCODER_STREAM_ERROR,
      'an insertion into a dynamic table without capacity',
    );
  }
}

/**
 * Checks the peer's decoder stream, which may come in pieces: nothing was inserted and nothing can be acknowledged, but streams may be cancelled
 * (RFC 9204, section 4.4). Throws {@link Http3Error} (connection).
 */
export class DecoderStreamCheck {
  #within = false;

  take(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#within) {
        this.#within = byte >= 0x80;
      } else if ((byte & 0xc0) === 0x40) {
        this.#within = (byte & 0x3f) === 0x3f;
      } else {
        throw new Http3Error('connection', QPACK_DECODER_STREAM_ERROR, 'an acknowledgement of what was never inserted');
      }
    }
  }
}
