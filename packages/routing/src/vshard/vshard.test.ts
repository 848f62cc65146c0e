import { crc32c, utf8Encode } from '@flotilla/bytes';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { uniformVshardMap, VSHARD_COUNT, vshardOfKey } from '../index.js';

const of = (text: string): number => vshardOfKey(utf8Encode(text));

describe('the vShard of a key', () => {
  test('is CRC32C of the key modulo 1024: golden values, which no version may change', () => {
    expect(of('123456789')).toBe(0xe306_9283 % 1024);
    expect(['', 'a', 'user:1', 'user:2', 'hello world'].map(of)).toEqual([0, 816, 104, 924, 426]);
  });

  test('lies in 0 to 1023 for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (key) => {
        const vshard = vshardOfKey(key);
        expect(Number.isInteger(vshard) && vshard >= 0 && vshard < VSHARD_COUNT).toBe(true);
      }),
    );
  });

  test.each([
    ['a{tag}b', 'tag'],
    ['{tag}', 'tag'],
    ['{tag}{other}', 'tag'],
    ['}{tag}', 'tag'],
    ['{a{b}', 'a{b'],
  ])('of %j is that of its hash tag %j', (key, tag) => expect(of(key)).toBe(of(tag)));

  test.each(['{}', 'a{}b{tag}', '{open', 'closed}', '}{', 'no tag'])('of %j is that of the whole key', (key) => {
    expect(of(key)).toBe(crc32c(utf8Encode(key)) % VSHARD_COUNT);
  });

  test('keys of one tag live together, whatever surrounds it', () => {
    const part = fc.string().filter((text) => !text.includes('{') && !text.includes('}'));
    fc.assert(
      fc.property(
        part,
        fc.string({ minLength: 1 }).filter((text) => !/[{}]/.test(text)),
        fc.string(),
        (before, tag, after) => {
          expect(of(`${before}{${tag}}${after}`)).toBe(of(tag));
        },
      ),
    );
  });

  test('spreads keys evenly', () => {
    const counts = Array.from({ length: VSHARD_COUNT }, () => 0);
    for (let i = 0; i < 102_400; i++) {
      const vshard = of(`key-${i}`);
      counts[vshard] = (counts[vshard] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(50);
    expect(Math.max(...counts)).toBeLessThan(160);
  });
});

describe('the uniform map', () => {
  test('gives vShard i to group 1 + (i mod groups); group 0 owns none', () => {
    const map = uniformVshardMap(8);
    expect(map.length).toBe(1024);
    expect(map.slice(0, 10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 1, 2]);
    expect(map).not.toContain(0);
  });

  test('shares evenly: 16 groups own 64 each', () => {
    const map = uniformVshardMap(16);
    for (let group = 1; group <= 16; group++) expect(map.filter((owner) => owner === group).length).toBe(64);
  });

  test.each([0, -1, 1025, 1.5, Number.NaN])('%d groups are refused', (groups) => {
    expect(() => uniformVshardMap(groups)).toThrow('InvalidArgument');
  });
});
