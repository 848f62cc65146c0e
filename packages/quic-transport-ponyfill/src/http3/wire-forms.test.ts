import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CapsuleReader, encodeCloseCapsule, encodeDrainCapsule } from './capsule.js';
import type { Capsule } from './capsule.js';
import { H3_MESSAGE_ERROR, H3_SETTINGS_ERROR, Http3Error, toApplicationCode, toHttp3Code } from './error-code.js';
import { takeFramingParameter, withFramingParameter } from './framing-parameter.js';
import { decodeSettings, encodeSettings } from './settings.js';
import { concatBytes, encodeVarint, MAX_VARINT, readVarint, varintLength } from './varint.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

function source(pieces: readonly Uint8Array[]): { read(): Promise<Uint8Array | undefined> } {
  const rest = pieces.filter(({ length }) => length > 0);
  return { read: () => Promise.resolve(rest.shift()) };
}
function cut(whole: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(whole.length / size) }, (_, piece) =>
    whole.subarray(piece * size, (piece + 1) * size),
  );
}
async function failure(work: () => unknown): Promise<Http3Error | undefined> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Http3Error) return error;
    throw error;
  }
  return undefined;
}

describe('variable-length integers (RFC 9000, section 16)', () => {
  test.each([
    ['9d7f3e7d', 494_878_333],
    ['7bbd', 15_293],
    ['25', 37],
  ])('appendix A.1: %s', (hex, value) => {
    expect(readVarint(bytes(hex))).toBe(value);
    expect(encodeVarint(value)).toStrictEqual(bytes(hex));
  });

  test('appendix A.1: 37 in two bytes, and a value that is rounded', () => {
    expect(readVarint(bytes('4025'))).toBe(37);
    expect(readVarint(bytes('c2197c5eff14e88c'))).toBe(Number(151_288_809_941_952_652n));
  });

  test('every safe integer comes back, in the shortest form', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(70_000), fc.maxSafeNat()), (value) => {
        const encoded = encodeVarint(value);
        expect(readVarint(encoded)).toBe(value);
        expect(varintLength(encoded[0] ?? 0)).toBe(encoded.length);
        const shortest = value < 2 ** 6 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 30 ? 4 : 8;
        expect(encoded.length).toBe(shortest);
      }),
    );
    expect(readVarint(encodeVarint(MAX_VARINT))).toBe(MAX_VARINT);
    for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => encodeVarint(wrong)).toThrow(RangeError);
  });
});

describe('application error codes (draft-ietf-webtrans-http3, section 4.4)', () => {
  test('the ends of the range', () => {
    expect(toHttp3Code(0)).toBe(0x52e4a40fa8db);
    expect(toHttp3Code(0xffff_ffff)).toBe(0x52e5ac983162);
    expect(toApplicationCode(0x52e4a40fa8db - 1)).toBeUndefined();
    expect(toApplicationCode(0x52e5ac983162 + 1)).toBeUndefined();
    expect(toApplicationCode(0)).toBeUndefined();
  });

  test('every code comes back, and none is one that HTTP/3 reserves', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (code) => {
        const carried = toHttp3Code(code);
        expect((carried - 0x21) % 0x1f).not.toBe(0);
        expect(toApplicationCode(carried)).toBe(code);
      }),
      { numRuns: 1_000 },
    );
    expect(toApplicationCode(toHttp3Code(0x1d) + 1)).toBeUndefined();
  });
});

describe('settings (RFC 9114, section 7.2.4)', () => {
  test('what is encoded is decoded again', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.integer({ min: 0x40, max: 2 ** 40 }), fc.maxSafeNat()), { selector: ([id]) => id }),
        (all) => {
          expect(decodeSettings(encodeSettings(new Map(all)))).toStrictEqual(new Map(all));
        },
      ),
    );
  });

  test.each([
    ['one of HTTP/2', [[0x02, 0]]],
    [
      'twice the same',
      [
        [0x41, 0],
        [0x41, 0],
      ],
    ],
    ['a boolean of 2', [[0x33, 2]]],
  ] as const)('refused: %s', async (_, settings) => {
    const payload = concatBytes(...settings.flatMap(([id, value]) => [encodeVarint(id), encodeVarint(value)]));
    expect((await failure(() => decodeSettings(payload)))?.code).toBe(H3_SETTINGS_ERROR);
  });

  test('any bytes: settings, or a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (noise) => {
        const error = await failure(() => decodeSettings(noise));
        expect(error === undefined || error.scope === 'connection').toBe(true);
      }),
    );
  });
});

describe('capsules (RFC 9297, section 3.2)', () => {
  const all = async (reader: CapsuleReader): Promise<Capsule[]> => {
    const capsules: Capsule[] = [];
    for (let capsule = await reader.next(); capsule !== undefined; capsule = await reader.next())
      capsules.push(capsule);
    return capsules;
  };

  test('a close has a code of 32 bits and a reason, in pieces of any size and among unknown capsules', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(0xffff_ffff),
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.integer({ min: 1, max: 40 }),
        async (closeCode, reason, size) => {
          const unknown = concatBytes(encodeVarint(0x1234_5678), encodeVarint(30), new Uint8Array(30));
          const wire = concatBytes(unknown, encodeDrainCapsule(), encodeCloseCapsule(closeCode, reason));
          expect(await all(new CapsuleReader(source(cut(wire, size))))).toStrictEqual([
            { type: 'drain' },
            { type: 'close', closeCode, reason },
          ]);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('a reason is cut to 1,024 bytes at the border of a character', async () => {
    const [close] = await all(new CapsuleReader(source([encodeCloseCapsule(7, `${'a'.repeat(1_023)}é`)])));
    expect(close).toStrictEqual({ type: 'close', closeCode: 7, reason: 'a'.repeat(1_023) });
  });

  test.each([
    ['a close of three bytes', '684303000000'],
    ['a close with a reason of 1,025 bytes', `68434405${'00'.repeat(1_029)}`],
    ['a reason that is not UTF-8', '68430500000000ff'],
    ['a drain with content', '800078ae0100'],
    ['an end within the type', '68'],
    ['an end within the length', '684344'],
    ['an end within the content', '6843050000'],
    ['an end within an unknown capsule', '2105aa'],
  ])('refused: %s', async (_, hex) => {
    const error = await failure(() => all(new CapsuleReader(source([bytes(hex)]))));
    expect(error).toMatchObject({ scope: 'stream', code: H3_MESSAGE_ERROR });
  });

  test('any bytes: capsules, or a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (noise) => {
        const error = await failure(() => all(new CapsuleReader(source(cut(noise, 3)))));
        expect(error === undefined || error.code === H3_MESSAGE_ERROR).toBe(true);
      }),
    );
  });
});

test.each(['/', '/a?b=c', '/?', '/a?b&c=/?'])('the parameter that asks for frames is taken off again: %s', (path) => {
  expect(takeFramingParameter(path)).toStrictEqual({ path, framed: false });
  expect(takeFramingParameter(withFramingParameter(path))).toStrictEqual({ path, framed: true });
});
