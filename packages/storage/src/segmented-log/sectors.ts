import { SECTOR_BYTES } from '../files.js';

/** The least multiple of a sector that holds `bytes`. */
export function wholeSectors(bytes: number): number {
  return Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES;
}

/** Whether every byte in [start, end) is zero. */
export function isZero(bytes: Uint8Array, start: number = 0, end: number = bytes.length): boolean {
  let at = start;
  const wholeEnd = end - 7;
  while (at < wholeEnd) {
    if (
      ((bytes[at] ?? 0) |
        (bytes[at + 1] ?? 0) |
        (bytes[at + 2] ?? 0) |
        (bytes[at + 3] ?? 0) |
        (bytes[at + 4] ?? 0) |
        (bytes[at + 5] ?? 0) |
        (bytes[at + 6] ?? 0) |
        (bytes[at + 7] ?? 0)) !==
      0
    ) {
      return false;
    }
    at += 8;
  }
  while (at < end) if (bytes[at++] !== 0) return false;
  return true;
}

/** Offset in `bytes` of the first sector, of those in [start, end), that is all zero; -1: there is none. `start` begins a sector. */
export function firstZeroSector(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  for (let at = start; at < end; at += SECTOR_BYTES) if (isZero(bytes, at, at + SECTOR_BYTES)) return at;
  return -1;
}
