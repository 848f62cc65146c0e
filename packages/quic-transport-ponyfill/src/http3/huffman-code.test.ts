import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeHuffman } from './huffman-code.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const text = (coded: Uint8Array): string | undefined => {
  const decoded = decodeHuffman(coded);
  return decoded === undefined ? undefined : String.fromCharCode(...decoded);
};

describe('Huffman code (RFC 7541)', () => {
  test.each([
    ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
    ['no-cache', 'a8eb10649cbf'],
    ['custom-key', '25a849e95ba97d7f'],
    ['custom-value', '25a849e95bb8e8b4bf'],
    ['302', '6402'],
    ['private', 'aec3771a4b'],
    ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
    ['https://www.example.com', '9d29ad171863c78f0b97c8e9ae82ae43d3'],
    ['307', '640eff'],
    ['gzip', '9bd9ab'],
    [
      'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
      '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    ],
    ['', ''],
  ])('appendix C: %s', (plain, hex) => {
    expect(text(bytes(hex))).toBe(plain);
  });

  test('symbols with the longest codes', () => {
    // 10, 13 and 22 have 30 bits: 3ffffffc, 3ffffffd, 3ffffffe; then six bits of padding.
    expect(decodeHuffman(bytes('fffffff3ffffffdfffffffbf'))).toStrictEqual(Uint8Array.of(10, 13, 22));
  });

  test.each([
    ['padding of eight bits', '07ff'],
    ['padding of zeroes', '00'],
    ['the end-of-string symbol', 'ffffffff'],
    ['the end-of-string symbol after a symbol', '07ffffffff'],
  ])('refused: %s', (_, hex) => {
    expect(decodeHuffman(bytes(hex))).toBeUndefined();
  });

  test('any bytes: a string of at most 8/5 of the length, or a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (coded) => {
        const decoded = decodeHuffman(coded);
        expect(decoded === undefined || decoded.length * 5 <= coded.length * 8).toBe(true);
      }),
    );
  });
});
