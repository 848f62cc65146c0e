import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c, fromHex, toHex, utf8Encode } from './index.js';

/** The definition, a bit at a time. */
function bitwise(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f6_3b78;
  }
  return ~crc >>> 0;
}

describe('CRC32C', () => {
  test('check value of the nine digits', () => {
    expect(crc32c(utf8Encode('123456789'))).toBe(0xe306_9283);
  });

  test('vectors of RFC 3720, appendix B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a91_36aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8_ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd_794e);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).toBe(0x113f_db5c);
  });

  test('equals the bitwise definition for any bytes and any range', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), (bytes, a, b) => {
        const start = Math.min(a, bytes.length);
        const end = Math.max(start, Math.min(b, bytes.length));
        expect(crc32c(bytes, 0, start, end)).toBe(bitwise(bytes.subarray(start, end)));
      }),
    );
  });

  test('in pieces it is the checksum of the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
        const whole = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
        let crc = 0;
        for (const piece of pieces) crc = crc32c(piece, crc);
        expect(crc).toBe(crc32c(whole));
      }),
    );
  });
});

describe('hexadecimal', () => {
  test('bytes come back, from either case', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes);
        expect(fromHex(toHex(bytes).toUpperCase())).toEqual(bytes);
      }),
    );
    expect(toHex(Uint8Array.of(0, 15, 16, 255))).toBe('000f10ff');
  });

  test.each(['0', '0g', 'zz', ' 0', '0x', '٠٠'])('%j is refused', (text) => {
    expect(() => fromHex(text)).toThrow('hexadecimal');
  });
});
