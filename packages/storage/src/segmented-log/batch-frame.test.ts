import { ByteWriter } from '@flotilla/bytes';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SECTOR_BYTES } from '../files.js';
import { batchSectors, beginBatch, isBatchWhole, payloadOf, readBatchHeader, sealBatch, tagOf } from './batch-frame.js';
import { firstZeroSector, isZero, wholeSectors } from './sectors.js';

function framed(payload: Uint8Array, sequence: number): Uint8Array {
  const writer = new ByteWriter();
  beginBatch(writer);
  writer.raw(payload);
  return sealBatch(writer, sequence).slice();
}

const sequences = fc.oneof(
  fc.integer({ min: 1, max: 1000 }),
  fc.constantFrom(2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
);

describe('the frame of a batch', () => {
  test('what was framed is read back, for payloads of any length and any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), sequences, (payload, sequence) => {
        const bytes = framed(payload, sequence);
        const header = readBatchHeader(bytes.subarray(0, SECTOR_BYTES));
        expect(header).toMatchObject({ sequence, payloadBytes: payload.length, sectors: bytes.length / SECTOR_BYTES });
        if (header === undefined) return;
        expect(isBatchWhole(header, bytes)).toBe(true);
        expect(payloadOf(header, bytes)).toEqual(payload);
      }),
    );
  });
  test('payloads of zeros that end around the borders of sectors, and of the sectors of displaced words', () => {
    for (const around of [484, 992, 512 * 127, 512 * 128, 512 * 129, 512 * 256, 512 * 1000]) {
      for (let length = around - 12; length <= around + 12; length++) {
        const bytes = framed(new Uint8Array(length), 5);
        const header = readBatchHeader(bytes.subarray(0, SECTOR_BYTES));
        if (header === undefined) throw new Error(`${length} bytes have no header`);
        expect(isBatchWhole(header, bytes)).toBe(true);
        expect(firstZeroSector(bytes)).toBe(-1);
        expect(isZero(payloadOf(header, bytes))).toBe(true);
      }
    }
  });
  test('no sector of it is all zero, and each tells whose it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), sequences, (length, sequence) => {
        const bytes = framed(new Uint8Array(length), sequence);
        expect(bytes.length).toBe(batchSectors(length) * SECTOR_BYTES);
        const view = new DataView(bytes.buffer);
        for (let at = 0; at < bytes.length; at += SECTOR_BYTES) expect(view.getUint32(at, true)).toBe(tagOf(sequence));
      }),
    );
  });
  test('it costs at most a sector and one part in 120', () => {
    for (let length = 0; length < 300_000; length += 997) {
      expect(batchSectors(length) * SECTOR_BYTES).toBeLessThanOrEqual(
        wholeSectors(28 + length * (1 + 1 / 120)) + SECTOR_BYTES,
      );
    }
  });
  test('any flipped bit of it is noticed', () => {
    const payload = Uint8Array.from({ length: 1500 }, (_, at) => at & 0xff);
    const bytes = framed(payload, 77);
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const header = readBatchHeader(flipped.subarray(0, SECTOR_BYTES));
      expect(header !== undefined && isBatchWhole(header, flipped)).toBe(false);
    }
  });
  test('a tag is never zero', () => {
    for (const sequence of [0, 1, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
      expect(tagOf(sequence)).toBeGreaterThan(0);
      expect(tagOf(sequence)).toBeLessThan(2 ** 32);
    }
  });
});
