import { SECTOR_BYTES } from '../files.js';
import { corrupt } from '../storage-errors.js';
import {
  type BatchHeader,
  headersChecksum,
  isBatchWhole,
  payloadOf,
  readBatchHeader,
  retag,
  tagOf,
} from './batch-frame.js';
import { firstZeroSector, isZero } from './sectors.js';
import type { SegmentReader } from './segment-reader.js';

/** Called for each whole batch in order; the payload is good for the call. */
export type BatchVisitor = (header: BatchHeader, payload: Uint8Array, position: number) => void;

/** Where the batches of a segment end. */
export interface ScanEnd {
  /** Position after the last whole batch. */
  readonly end: number;
  readonly lastSequence: number;
  readonly batches: number;
  /** Position after the last sector that a torn batch left behind `end`; undefined: all behind `end` is zero. */
  readonly tornTo: number | undefined;
  /** Position of the last batch, where a sector of it that held nothing but its tag is zero, and was read as if it were not. */
  readonly mendedAt: number | undefined;
  /** The last batch is an empty one: the log went on in the next segment. */
  readonly isClosed: boolean;
}

/**
 * Reads the batches of a log segment, which go on from `lastSequence`, to where they end.
 *
 * A batch that is not whole is torn only if a sector of it is still all zero and nothing follows it; all else that is bad is
 * corruption. A sector that held nothing but its tag may be zero by one flipped bit, of a batch that was acknowledged: where its tag
 * is all that such a batch lacks, it is whole.
 *
 * @throws StorageCorrupt
 */
export async function scanLogSegment(
  reader: SegmentReader,
  capacityBytes: number,
  lastSequence: number,
  visit: BatchVisitor,
): Promise<ScanEnd> {
  let position = SECTOR_BYTES;
  let sequence = lastSequence;
  let batches = 0;
  let tornLimit = capacityBytes;
  let mendedAt: number | undefined;
  let isClosed = false;
  while (position < capacityBytes) {
    const sector = reader.peek(position, SECTOR_BYTES) ?? (await reader.fill(position, SECTOR_BYTES));
    if (isZero(sector)) break;
    if (mendedAt !== undefined) throw corrupt(reader.path, mendedAt, `the checksum of batch ${sequence} differs`);
    const header = headerAt(sector, reader.path, position, capacityBytes);
    if (header.sequence !== sequence + 1) {
      throw corrupt(reader.path, position, `batch ${header.sequence} stands where ${sequence + 1} is due`);
    }
    const length = header.sectors * SECTOR_BYTES;
    let bytes = reader.peek(position, length) ?? (await reader.fill(position, length));
    if (!isBatchWhole(header, bytes)) {
      if (firstZeroSector(bytes) < 0)
        throw corrupt(reader.path, position, `the checksum of batch ${sequence + 1} differs`);
      tornLimit = position + length;
      bytes = bytes.slice();
      retag(header, bytes);
      if (!isBatchWhole(header, bytes)) break;
      mendedAt = position;
    }
    visit(header, payloadOf(header, bytes), position);
    isClosed = header.payloadBytes === 0;
    sequence++;
    batches++;
    position += length;
  }
  const tornTo = await endOfTorn(reader, position, tornLimit, capacityBytes, sequence + 1);
  if (mendedAt !== undefined && tornTo !== undefined) {
    throw corrupt(reader.path, mendedAt, `the checksum of batch ${sequence} differs`);
  }
  return { end: position, lastSequence: sequence, batches, tornTo, mendedAt, isClosed };
}

/**
 * Reads batches that are all whole: ascending sequences, up to `end` exactly. `visit` says whether to go on.
 *
 * @throws StorageCorrupt
 */
export async function readBatches(
  reader: SegmentReader,
  end: number,
  visit: (header: BatchHeader, payload: Uint8Array, position: number) => boolean | Promise<boolean>,
): Promise<{ readonly lastSequence: number; readonly batches: number; readonly headersChecksum: number }> {
  let position = SECTOR_BYTES;
  let lastSequence = 0;
  let batches = 0;
  let checksum = 0;
  while (position < end) {
    const sector = reader.peek(position, SECTOR_BYTES) ?? (await reader.fill(position, SECTOR_BYTES));
    const header = headerAt(sector, reader.path, position, end);
    if (header.sequence <= lastSequence) {
      throw corrupt(reader.path, position, `batch ${header.sequence} stands behind batch ${lastSequence}`);
    }
    checksum = headersChecksum(sector, checksum);
    const length = header.sectors * SECTOR_BYTES;
    const bytes = reader.peek(position, length) ?? (await reader.fill(position, length));
    if (!isBatchWhole(header, bytes)) {
      throw corrupt(reader.path, position, `the checksum of batch ${header.sequence} differs`);
    }
    const goOn = visit(header, payloadOf(header, bytes), position);
    lastSequence = header.sequence;
    batches++;
    position += length;
    if (!(typeof goOn === 'boolean' ? goOn : await goOn)) break;
  }
  return { lastSequence, batches, headersChecksum: checksum };
}

function headerAt(sector: Uint8Array, path: string, position: number, end: number): BatchHeader {
  const header = readBatchHeader(sector);
  if (header === undefined) throw corrupt(path, position, 'a batch should begin here, and its header does not hold');
  if (position + header.sectors * SECTOR_BYTES > end) {
    throw corrupt(path, position, `batch ${header.sequence} of ${header.sectors} sectors does not fit`);
  }
  return header;
}

/**
 * Position after the last written sector from `position` on. All written ones must carry the tag of the torn batch and stand
 * before `limit`, where it ends if its header tells.
 */
async function endOfTorn(
  reader: SegmentReader,
  position: number,
  limit: number,
  capacityBytes: number,
  sequence: number,
): Promise<number | undefined> {
  const tag = tagOf(sequence);
  let tornTo: number | undefined;
  for (let at = position; at < capacityBytes; at += SECTOR_BYTES) {
    const sector = reader.peek(at, SECTOR_BYTES) ?? (await reader.fill(at, SECTOR_BYTES));
    if (isZero(sector)) continue;
    const found = new DataView(sector.buffer, sector.byteOffset).getUint32(0, true);
    if (found !== tag || at >= limit) {
      throw corrupt(reader.path, at, `there is something behind the end of the log, which is at byte ${position}`);
    }
    tornTo = at + SECTOR_BYTES;
  }
  return tornTo;
}
