import { type ByteWriter, crc32c } from '@flotilla/bytes';
import { SECTOR_BYTES } from '../files.js';
import { firstZeroSector } from './sectors.js';

/*
 * A batch on disk (all integers little-endian). It begins on a sector and fills whole sectors:
 *
 *   0  u32  tag of its sequence: never zero
 *   4  u32  sectors it takes
 *   8  u32  payload bytes
 *  12  u32  CRC32C of everything from 28 to the end of its last sector
 *  16  u64  sequence
 *  24  u32  CRC32C of bytes 0 to 24
 *  28       payload, then zeros, then the displaced words
 *
 * The first four bytes of every further sector hold the tag too: so no written sector is all zero, and a sector tells whose it
 * is. The four bytes of payload that it displaced stand at the end of the batch, the second sector's last.
 */

/** Bytes before the payload of a batch. */
export const BATCH_HEADER_BYTES = 28;

/** Where the header's own checksum stands. */
const OWN_CHECKSUM_AT = 24;
const WORD = 4;
const WORDS_A_SECTOR = SECTOR_BYTES / WORD - 1;
const ZEROS = new Uint8Array(SECTOR_BYTES);

/** What stands in front of every sector of the batch with this sequence. */
export function tagOf(sequence: number): number {
  return (sequence % 0xffff_ffff) + 1;
}

/** Sectors that a batch with this payload takes. */
export function batchSectors(payloadBytes: number): number {
  const end = BATCH_HEADER_BYTES + payloadBytes;
  let sectors = Math.max(1, Math.ceil((end + (end / SECTOR_BYTES - 1) * WORD) / SECTOR_BYTES));
  while (displacedAt(sectors - 2, sectors) < end) sectors++;
  return sectors;
}

/** Where the word that sector `index + 1` of `sectors` displaced stands, counted from the start of the batch; its end for index -1. */
function displacedAt(index: number, sectors: number): number {
  if (index < 0) return sectors * SECTOR_BYTES;
  const fromLast = Math.floor(index / WORDS_A_SECTOR);
  return (sectors - fromLast) * SECTOR_BYTES - WORD * (1 + (index % WORDS_A_SECTOR));
}

/** Starts a batch in an empty writer; the payload follows. */
export function beginBatch(writer: ByteWriter): void {
  writer.raw(ZEROS.subarray(0, BATCH_HEADER_BYTES));
}

/** Finishes the batch that fills `writer`, in place. Returns a view of its sectors, good until the writer is used again. */
export function sealBatch(writer: ByteWriter, sequence: number): Uint8Array {
  const payloadBytes = writer.length - BATCH_HEADER_BYTES;
  const sectors = batchSectors(payloadBytes);
  writer.reserve(sectors * SECTOR_BYTES - writer.length);
  while (writer.length < sectors * SECTOR_BYTES) {
    writer.raw(ZEROS.subarray(0, Math.min(SECTOR_BYTES, sectors * SECTOR_BYTES - writer.length)));
  }
  const bytes = writer.view();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = tagOf(sequence);
  for (let sector = 1; sector < sectors; sector++) {
    const at = sector * SECTOR_BYTES;
    view.setUint32(displacedAt(sector - 1, sectors), view.getUint32(at, true), true);
    view.setUint32(at, tag, true);
  }
  view.setUint32(0, tag, true);
  view.setUint32(4, sectors, true);
  view.setUint32(8, payloadBytes, true);
  view.setUint32(12, crc32c(bytes, 0, BATCH_HEADER_BYTES, bytes.length), true);
  view.setUint32(16, sequence % 0x1_0000_0000, true);
  view.setUint32(20, Math.floor(sequence / 0x1_0000_0000), true);
  view.setUint32(OWN_CHECKSUM_AT, crc32c(bytes, 0, 0, OWN_CHECKSUM_AT), true);
  return bytes;
}

/** The header of a batch whose own checksum holds. */
export interface BatchHeader {
  readonly sequence: number;
  readonly sectors: number;
  readonly payloadBytes: number;
  readonly checksum: number;
}

/** Reads the header at the start of a sector; undefined where its checksum or its figures do not hold. */
export function readBatchHeader(sector: Uint8Array): BatchHeader | undefined {
  const view = new DataView(sector.buffer, sector.byteOffset, sector.byteLength);
  if (view.getUint32(OWN_CHECKSUM_AT, true) !== crc32c(sector, 0, 0, OWN_CHECKSUM_AT)) return undefined;
  const sequence = view.getUint32(20, true) * 0x1_0000_0000 + view.getUint32(16, true);
  const sectors = view.getUint32(4, true);
  const payloadBytes = view.getUint32(8, true);
  if (!Number.isSafeInteger(sequence) || view.getUint32(0, true) !== tagOf(sequence)) return undefined;
  if (sectors !== batchSectors(payloadBytes)) return undefined;
  return { sequence, sectors, payloadBytes, checksum: view.getUint32(12, true) };
}

/**
 * CRC32C of the headers of batches, one behind the other: `previous` stands for those before. Each without its own checksum: what a message
 * and its CRC come to together is the same for all messages.
 */
export function headersChecksum(sector: Uint8Array, previous: number): number {
  return crc32c(sector, previous, 0, OWN_CHECKSUM_AT);
}

/** Whether the sectors of a batch are as they were written. */
export function isBatchWhole(header: BatchHeader, bytes: Uint8Array): boolean {
  return crc32c(bytes, 0, BATCH_HEADER_BYTES, bytes.length) === header.checksum;
}

/**
 * Gives every sector that is all zero the tag of its batch, in place: for a sector whose tag is all that it had, nothing else was lost.
 * Whether that was so, the batch's checksum says.
 */
export function retag(header: BatchHeader, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = tagOf(header.sequence);
  for (let at = firstZeroSector(bytes); at >= 0; at = firstZeroSector(bytes, at)) view.setUint32(at, tag, true);
}

/** Puts the displaced words back, in place, and returns the payload as a view. For a whole batch. */
export function payloadOf(header: BatchHeader, bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let sector = header.sectors - 1; sector >= 1; sector--) {
    view.setUint32(sector * SECTOR_BYTES, view.getUint32(displacedAt(sector - 1, header.sectors), true), true);
  }
  return bytes.subarray(BATCH_HEADER_BYTES, BATCH_HEADER_BYTES + header.payloadBytes);
}
