import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from './index.js';

describe('a writer', () => {
  test('lays out integers little-endian', () => {
    const writer = new ByteWriter();
    writer.u16(0x0102);
    writer.u32(0x0304_0506);
    writer.u64(0x07_0809_0a0b_0c0d);
    expect([...writer.view()]).toEqual([2, 1, 6, 5, 4, 3, 13, 12, 11, 10, 9, 8, 7, 0]);
  });

  test.each([
    ['u8', 256],
    ['u8', -1],
    ['u8', 0.5],
    ['u16', 65_536],
    ['u32', 2 ** 32],
    ['u32', -1],
    ['u64', 2 ** 53],
    ['u64', -1],
    ['varint', 2 ** 53],
    ['varint', -1],
    ['varint', 1.5],
    ['varint', Number.NaN],
    ['varint', Infinity],
  ] as const)('refuses %s(%d) and writes nothing of it', (kind, value) => {
    const writer = new ByteWriter(0);
    expect(() => writer[kind](value)).toThrow(RangeError);
    expect(writer.length).toBe(0);
  });

  test('used again after reset, it holds only what came since', () => {
    const writer = new ByteWriter(4);
    writer.raw(new Uint8Array(100).fill(1));
    writer.reset();
    writer.u8(7);
    expect([...writer.view()]).toEqual([7]);
  });

  test('take hands over the array without a copy where it is full, and leaves an empty writer', () => {
    const writer = new ByteWriter(2);
    writer.u16(1);
    const taken = writer.take();
    expect(taken.byteLength).toBe(taken.buffer.byteLength);
    writer.u8(9);
    expect([...taken]).toEqual([1, 0]);
    expect([...writer.take()]).toEqual([9]);
    expect(writer.length).toBe(0);
  });

  test('patches what was written, and nothing beyond', () => {
    const writer = new ByteWriter();
    writer.u32(0);
    writer.string('text');
    writer.patchU32(0, writer.length);
    expect(new ByteReader(writer.view()).u32()).toBe(9);
    expect(() => writer.patchU32(6, 1)).toThrow(RangeError);
    expect(() => writer.patchU32(-1, 1)).toThrow(RangeError);
  });

  test('truncates to what was written before', () => {
    const writer = new ByteWriter();
    writer.u8(1);
    writer.u32(2);
    writer.truncate(1);
    expect([...writer.view()]).toEqual([1]);
    expect(() => writer.truncate(2)).toThrow(RangeError);
  });

  test('copies short and long bytes alike', () => {
    for (const length of [0, 1, 31, 32, 33, 1000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i & 0xff);
      const writer = new ByteWriter(1);
      writer.raw(bytes);
      expect(writer.copy()).toEqual(bytes);
    }
  });
});
