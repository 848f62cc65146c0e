import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Http3Error,
  QPACK_DECODER_STREAM_ERROR,
  QPACK_DECOMPRESSION_FAILED,
  QPACK_ENCODER_STREAM_ERROR,
} from './error-code.js';
import { STATIC_TABLE } from './qpack-static-table.js';
import { checkEncoderStream, decodeFieldSection, DecoderStreamCheck, encodeFieldSection } from './qpack.js';

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const decoded = (hex: string): unknown => decodeFieldSection(bytes(hex), 16_384);
function codeOf(work: () => unknown): number | undefined {
  try {
    work();
  } catch (error) {
    return error instanceof Http3Error && error.scope === 'connection' ? error.code : undefined;
  }
  return undefined;
}

describe('field sections (RFC 9204, section 4.5)', () => {
  test('appendix B.1: a literal with a name of the static table', () => {
    expect(decoded('0000 510b 2f69 6e64 6578 2e68 746d 6c')).toStrictEqual([[':path', '/index.html']]);
  });

  test('an indexed line of the static table', () => {
    expect(decoded('0000 cf d7 d9')).toStrictEqual([
      [':method', 'CONNECT'],
      [':scheme', 'https'],
      [':status', '200'],
    ]);
  });

  test('an index above the prefix', () => {
    expect(decoded('0000 ff23')).toStrictEqual([STATIC_TABLE[98]]);
  });

  test('a literal name in the Huffman code', () => {
    // custom-key: custom-value (the strings of RFC 7541, appendix C.4.3); a name of 8 bytes exceeds its prefix of 3 bits.
    expect(decoded('0000 2f01 25a849e95ba97d7f 89 25a849e95bb8e8b4bf')).toStrictEqual([['custom-key', 'custom-value']]);
  });

  test('never-indexed literals are literals', () => {
    expect(decoded('0000 710161 31610162')).toStrictEqual([
      [':path', 'a'],
      ['a', 'b'],
    ]);
  });

  test.each([
    ['a section that asks for insertions (appendix B.2)', '0381 10 11'],
    ['an indexed line of the dynamic table', '0000 80'],
    ['a post-base index', '0000 10'],
    ['a literal with a dynamic name', '0000 40 0161'],
    ['a post-base name', '0000 00 0161'],
    ['a negative base', '0080'],
    ['an index that the static table does not have', '0000 ff24'],
    ['nothing at all', ''],
    ['half a prefix', '00'],
    ['a string that ends early', '0000 5105 61'],
    ['an integer that ends early', '0000 ff80'],
    ['an integer without end', '0000 ff ffffffffffffffffffffffff'],
    ['a string of 4 GiB', '0000 51 7f 80ffffff0f 61'],
    ['bad Huffman padding', '0000 51 81 00'],
  ])('refused: %s', (_, hex) => {
    expect(codeOf(() => decoded(hex))).toBe(QPACK_DECOMPRESSION_FAILED);
  });

  test('the size of a section is bounded as RFC 9114, section 4.2.2 counts it', () => {
    const section = encodeFieldSection([['a', 'b'.repeat(67)]]);
    expect(decodeFieldSection(section, 100)).toHaveLength(1);
    expect(decodeFieldSection(section, 99)).toBeUndefined();
  });

  test('what is encoded is decoded again', () => {
    const octets = fc.stringMatching(/^[\x21-\xff]{0,300}$/);
    const name = fc.oneof(
      fc.constantFrom(...STATIC_TABLE.map(([known]) => known)),
      fc.stringMatching(/^[a-z-]{1,300}$/),
    );
    const field = fc.oneof(fc.constantFrom(...STATIC_TABLE), fc.tuple(name, octets));
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
        expect(decodeFieldSection(encodeFieldSection(fields), 1_000_000)).toStrictEqual(
          fields.map(([key, value]) => [key, value]),
        );
      }),
    );
  });

  test('any bytes: fields, too large, or a decompression failure', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        for (const section of [noise, Uint8Array.of(0, 0, ...noise)]) {
          let code: number | undefined;
          try {
            decodeFieldSection(section, 4_096);
          } catch (error) {
            code = error instanceof Http3Error ? error.code : -1;
          }
          expect([undefined, QPACK_DECOMPRESSION_FAILED]).toContain(code);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('encoder and decoder streams with a table of capacity 0', () => {
  test('the capacity may be set to 0', () => {
    expect(codeOf(() => checkEncoderStream(bytes('20 20')))).toBeUndefined();
  });

  test.each([
    ['a larger capacity (appendix B.2)', '3fbd01'],
    ['an insertion (appendix B.2)', 'c00f7777772e6578616d706c652e636f6d'],
    ['a duplicate', '02'],
  ])('refused on the encoder stream: %s', (_, hex) => {
    expect(codeOf(() => checkEncoderStream(bytes(hex)))).toBe(QPACK_ENCODER_STREAM_ERROR);
  });

  test('streams may be cancelled, also when the instruction comes in pieces', () => {
    const check = new DecoderStreamCheck();
    expect(codeOf(() => ['48', '7f', 'ff', '01', '40'].forEach((hex) => check.take(bytes(hex))))).toBeUndefined();
  });

  test.each([
    ['an acknowledgement of a section (appendix B.2)', '84'],
    ['an increment (appendix B.3)', '01'],
    ['an increment of 0', '00'],
  ])('refused on the decoder stream: %s', (_, hex) => {
    expect(codeOf(() => new DecoderStreamCheck().take(bytes(hex)))).toBe(QPACK_DECODER_STREAM_ERROR);
  });
});
