// Variable-length integers of QUIC (RFC 9000, section 16).

/** Largest value that this side writes: the largest safe integer (the format itself reaches 2^62 - 1). */
export const MAX_VARINT: number = Number.MAX_SAFE_INTEGER;

/** Bytes that the integer takes in all, told by its first byte: 1, 2, 4 or 8. */
export function varintLength(firstByte: number): 1 | 2 | 4 | 8 {
  return (1 << (firstByte >> 6)) as 1 | 2 | 4 | 8;
}

/**
 * The integer at `offset`, all of whose bytes must be there. Above 2^53 the value is rounded: such values are identifiers
 * that nobody knows or lengths beyond every limit, and are only compared.
 */
export function readVarint(bytes: Uint8Array, offset = 0): number {
  const length = varintLength(bytes[offset] ?? 0);
  let value = (bytes[offset] ?? 0) & 0x3f;
  for (let place = 1; place < length; place += 1) value = value * 256 + (bytes[offset + place] ?? 0);
  return value;
}

/** The shortest form of a value of 0 to {@link MAX_VARINT}. Throws RangeError for anything else. */
export function encodeVarint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not an unsigned safe integer`);
  if (value < 0x40) return Uint8Array.of(value);
  if (value < 0x4000) return Uint8Array.of(0x40 | (value >> 8), value & 0xff);
  const bytes = new Uint8Array(value < 0x4000_0000 ? 4 : 8);
  const view = new DataView(bytes.buffer);
  if (bytes.length === 4) view.setUint32(0, value + 0x8000_0000);
  else view.setBigUint64(0, BigInt(value) | 0xc000_0000_0000_0000n);
  return bytes;
}

/** Joins pieces into one array. */
export function concatBytes(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
