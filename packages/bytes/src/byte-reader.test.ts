import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter, MalformedBytes, prefixedLength, VARINT_BYTES_MAX, varintLength } from './index.js';

const safeInteger = fc.oneof(
  fc.nat(300),
  fc.nat(),
  fc.maxSafeNat(),
  fc.integer({ min: 0, max: 52 }).map((power) => 2 ** power - 1),
  fc.integer({ min: 0, max: 52 }).map((power) => 2 ** power),
);

/** An item as a writer takes it and a reader gives it back. */
type Item =
  | { readonly kind: 'u8' | 'u16' | 'u32' | 'u64' | 'varint'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'string'; readonly value: string };

const item: fc.Arbitrary<Item> = fc.oneof(
  fc.nat(0xff).map((value): Item => ({ kind: 'u8', value })),
  fc.nat(0xffff).map((value): Item => ({ kind: 'u16', value })),
  fc.integer({ min: 0, max: 0xffff_ffff }).map((value): Item => ({ kind: 'u32', value })),
  safeInteger.map((value): Item => ({ kind: 'u64', value })),
  safeInteger.map((value): Item => ({ kind: 'varint', value })),
  fc.boolean().map((value): Item => ({ kind: 'boolean', value })),
  fc.uint8Array({ maxLength: 100 }).map((value): Item => ({ kind: 'bytes', value })),
  fc.string({ unit: 'grapheme' }).map((value): Item => ({ kind: 'string', value })),
);

function write(writer: ByteWriter, { kind, value }: Item): void {
  if (kind === 'boolean') writer.boolean(value);
  else if (kind === 'bytes') writer.bytes(value);
  else if (kind === 'string') writer.string(value);
  else writer[kind](value);
}

describe('what was written comes back', () => {
  test('any items in any order, from any capacity', () => {
    fc.assert(
      fc.property(fc.array(item), fc.nat(40), (items, capacity) => {
        const writer = new ByteWriter(capacity);
        for (const each of items) write(writer, each);
        const bytes = writer.copy();
        expect(writer.length).toBe(bytes.length);
        const reader = new ByteReader(bytes);
        for (const each of items) expect(reader[each.kind]()).toEqual(each.value);
        reader.end();
      }),
    );
  });

  test('within a larger array, and not beyond its end', () => {
    const writer = new ByteWriter();
    writer.u32(1);
    writer.varint(300);
    writer.u32(2);
    const reader = new ByteReader(writer.view(), 4, 6);
    expect(reader.varint()).toBe(300);
    expect(reader.remaining).toBe(0);
    expect(() => reader.u8()).toThrow(MalformedBytes);
    expect(() => new ByteReader(writer.view(), 4, 99)).toThrow(RangeError);
  });
});

describe('a varint', () => {
  test('takes the length that varintLength says, from 1 to 8 bytes', () => {
    fc.assert(
      fc.property(safeInteger, (value) => {
        const writer = new ByteWriter();
        writer.varint(value);
        expect(writer.length).toBe(varintLength(value));
        expect(writer.length).toBeLessThanOrEqual(VARINT_BYTES_MAX);
      }),
    );
    expect(varintLength(Number.MAX_SAFE_INTEGER)).toBe(8);
    expect(prefixedLength(200)).toBe(202);
  });

  test.each([
    ['above 2^53-1', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]],
    ['above 2^53-1', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['longer than need be', [0x81, 0x00]],
    ['longer than need be', [0x80, 0x80, 0x00]],
    ['past the end', [0x80]],
    ['past the end', []],
    ['past the end', [0xff, 0xff, 0xff, 0xff]],
  ])('%s is refused', (reason, bytes) => {
    expect(() => new ByteReader(Uint8Array.from(bytes)).varint()).toThrow(MalformedBytes);
    expect(() => new ByteReader(Uint8Array.from(bytes)).varint()).toThrow(reason);
  });

  test('2^53-1 is the greatest', () => {
    const greatest = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f);
    expect(new ByteReader(greatest).varint()).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('a reader', () => {
  test('never throws anything but MalformedBytes, and never reads beyond the end', () => {
    const kinds = fc.constantFrom('u8', 'u16', 'u32', 'u64', 'varint', 'boolean', 'bytes', 'string');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(kinds, { maxLength: 20 }), (bytes, reads) => {
        const reader = new ByteReader(bytes);
        try {
          for (const kind of reads) reader[kind]();
          reader.end();
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedBytes);
        }
        expect(reader.offset).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  test('does not believe a length or a count that the bytes cannot pay for', () => {
    const writer = new ByteWriter();
    writer.varint(Number.MAX_SAFE_INTEGER);
    writer.raw(new Uint8Array(16));
    expect(() => new ByteReader(writer.view()).bytes()).toThrow(MalformedBytes);
    expect(() => new ByteReader(writer.view()).string()).toThrow(MalformedBytes);
    expect(() => new ByteReader(writer.view()).count(1)).toThrow(MalformedBytes);
    const eight = new ByteReader(Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect(eight.count(1)).toBe(8);
    expect(() => new ByteReader(Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0, 0)).count(2)).toThrow(
      '5 items cannot stand in 8 bytes',
    );
  });

  test('gives views, not copies', () => {
    const bytes = Uint8Array.of(2, 7, 8);
    const view = new ByteReader(bytes).bytes();
    expect(view.buffer).toBe(bytes.buffer);
    expect([...view]).toEqual([7, 8]);
  });

  test('refuses an integer above 2^53-1, a boolean that is none, text that is not UTF-8, a length above the caller’s bound', () => {
    const above = new Uint8Array(8).fill(0xff);
    expect(() => new ByteReader(above).u64()).toThrow('above 2^53-1');
    expect(() => new ByteReader(Uint8Array.of(2)).boolean()).toThrow('not a boolean: 2');
    expect(() => new ByteReader(Uint8Array.of(1, 0xff)).string()).toThrow('not UTF-8');
    expect(() => new ByteReader(Uint8Array.of(3, 1, 2, 3)).bytes(2)).toThrow('3 bytes where at most 2 may stand');
    expect(() => new ByteReader(Uint8Array.of(1)).end()).toThrow('1 trailing bytes at byte 0');
  });
});
