import { ByteReader, ByteWriter, crc32c, toHex } from '@flotilla/bytes';
import { SECTOR_BYTES } from '../files.js';
import { PREAMBLE_BYTES, readPreamble, writePreamble } from '../format-preamble.js';
import { corrupt, readOrCorrupt } from '../storage-errors.js';

/** What the first eight bytes of a segment say. */
export const SEGMENT_MAGIC = 'FLOTSEGM';
/** The version of segments that this program writes, and the highest that it reads. */
export const SEGMENT_VERSION = 1;
/** Bytes of a log's id. */
export const LOG_ID_BYTES = 16;

/**
 * What a segment is.
 *
 * - `free`: its content means nothing.
 * - `log`: batches in unbroken sequence as they were appended; where they end, zeros. `first` = `last`: its number.
 * - `compacted`: what was worth keeping of the segments `first` to `last`, which it replaces. `generation` grows with each
 *   compaction: of two that replace the same, the higher holds.
 */
export type SegmentHeader =
  | { readonly state: 'free' }
  | { readonly state: 'log'; readonly first: number; readonly last: number }
  | {
      readonly state: 'compacted';
      readonly first: number;
      readonly last: number;
      readonly generation: number;
      /** The sequence at which segment `last` ended: the next segment goes on one above it. */
      readonly lastSequence: number;
      /** Bytes of batches after the header. */
      readonly contentBytes: number;
      readonly batches: number;
      /**
       * CRC32C of the headers of its batches, one behind the other: a batch with the right checksum from elsewhere, such as from an earlier
       * use of the segment, is none of these. 0: not known; early programs did not say.
       */
      readonly headersChecksum: number;
    };

const STATES = ['free', 'log', 'compacted'] as const;

/** The header's sector. `capacityBytes`: the size of the file, header included. */
export function encodeSegmentHeader(logId: Uint8Array, capacityBytes: number, header: SegmentHeader): Uint8Array {
  const writer = new ByteWriter(SECTOR_BYTES);
  writePreamble(writer, SEGMENT_MAGIC, SEGMENT_VERSION);
  writer.raw(logId);
  writer.u32(STATES.indexOf(header.state));
  writer.u64(capacityBytes);
  writer.u64(header.state === 'free' ? 0 : header.first);
  writer.u64(header.state === 'free' ? 0 : header.last);
  const compacted = header.state === 'compacted' ? header : undefined;
  writer.u64(compacted?.generation ?? 0);
  writer.u64(compacted?.lastSequence ?? 0);
  writer.u64(compacted?.contentBytes ?? 0);
  writer.u64(compacted?.batches ?? 0);
  writer.u32(compacted?.headersChecksum ?? 0);
  writer.raw(new Uint8Array(SECTOR_BYTES - 4 - writer.length));
  writer.u32(crc32c(writer.view()));
  return writer.take();
}

/** @throws StorageCorrupt, IncompatibleVersion */
export function decodeSegmentHeader(
  sector: Uint8Array,
  path: string,
): { readonly logId: string; readonly capacityBytes: number; readonly header: SegmentHeader } {
  readPreamble(sector, SEGMENT_MAGIC, SEGMENT_VERSION, path);
  const checksum = new ByteReader(sector, SECTOR_BYTES - 4).u32();
  if (checksum !== crc32c(sector, 0, 0, SECTOR_BYTES - 4)) throw corrupt(path, 0, 'the checksum of its header differs');
  return readOrCorrupt(path, () => readFields(new ByteReader(sector, PREAMBLE_BYTES), path));
}

function readFields(reader: ByteReader, path: string): ReturnType<typeof decodeSegmentHeader> {
  const logId = toHex(reader.raw(LOG_ID_BYTES));
  const state = STATES[reader.u32()];
  const capacityBytes = reader.u64();
  const first = reader.u64();
  const last = reader.u64();
  const generation = reader.u64();
  const lastSequence = reader.u64();
  const contentBytes = reader.u64();
  const batches = reader.u64();
  const headersChecksum = reader.u32();
  if (state === undefined || capacityBytes < 2 * SECTOR_BYTES || first > last) {
    throw corrupt(path, PREAMBLE_BYTES, 'its header contradicts itself');
  }
  if (state === 'free') return { logId, capacityBytes, header: { state } };
  if (state === 'log') return { logId, capacityBytes, header: { state, first, last } };
  return {
    logId,
    capacityBytes,
    header: { state, first, last, generation, lastSequence, contentBytes, batches, headersChecksum },
  };
}
