import { ByteReader, ByteWriter, crc32c, MalformedBytes } from '@flotilla/bytes';
import { SECTOR_BYTES } from '../files.js';
import { PREAMBLE_BYTES, readPreamble, writePreamble } from '../format-preamble.js';
import type { SnapshotMark } from '../log-engine.js';
import { decodeConfState, encodeConfState } from '../segmented-log/group-record.js';
import { isZero, wholeSectors } from '../segmented-log/sectors.js';
import { corrupt } from '../storage-errors.js';

/*
 * A snapshot file: header (whole sectors), two progress sectors, content. A progress sector says how many bytes of content
 * are durable, with their checksum; the two are written in turn, and the one with the higher turn holds.
 */

/** What the first eight bytes of a snapshot file say. */
export const SNAPSHOT_MAGIC = 'FLOTSNAP';
/** The version of snapshot files that this program writes, and the highest that it reads. */
export const SNAPSHOT_VERSION = 1;

const HEADER_BYTES_MAX = 1024 * 1024;
const PROGRESS_MAGIC = 0x474f5250;

/** Whose snapshot, and where in the log. */
export interface SnapshotTitle extends SnapshotMark {
  readonly group: number;
}

/** What a progress sector says. */
export interface SnapshotProgress {
  readonly turn: number;
  /** Bytes of content. */
  readonly size: number;
  /** CRC32C of these bytes. */
  readonly checksum: number;
  readonly isComplete: boolean;
}

/** The header's sectors. */
export function encodeSnapshotHeader(title: SnapshotTitle): Uint8Array {
  const body = new ByteWriter(SECTOR_BYTES);
  body.varint(title.group);
  body.varint(title.index);
  body.varint(title.term);
  encodeConfState(body, title.confState);
  const bytes = wholeSectors(PREAMBLE_BYTES + 8 + body.length + 4);
  const writer = new ByteWriter(bytes);
  writePreamble(writer, SNAPSHOT_MAGIC, SNAPSHOT_VERSION);
  writer.u32(bytes);
  writer.u32(body.length);
  writer.raw(body.view());
  writer.raw(new Uint8Array(bytes - 4 - writer.length));
  writer.u32(crc32c(writer.view()));
  return writer.take();
}

/** How long the header is, from its first sector. @throws StorageCorrupt, IncompatibleVersion */
export function snapshotHeaderBytes(sector: Uint8Array, path: string): number {
  readPreamble(sector, SNAPSHOT_MAGIC, SNAPSHOT_VERSION, path);
  if (sector.length < SECTOR_BYTES) throw corrupt(path, sector.length, 'its header is cut off');
  const bytes = new ByteReader(sector, PREAMBLE_BYTES).u32();
  if (bytes === 0 || bytes % SECTOR_BYTES !== 0 || bytes > HEADER_BYTES_MAX) {
    throw corrupt(path, PREAMBLE_BYTES, `a header of ${bytes} bytes cannot be`);
  }
  return bytes;
}

/** @throws StorageCorrupt, IncompatibleVersion */
export function decodeSnapshotHeader(header: Uint8Array, path: string): SnapshotTitle {
  const checksum = new ByteReader(header, header.length - 4).u32();
  if (checksum !== crc32c(header, 0, 0, header.length - 4))
    throw corrupt(path, 0, 'the checksum of its header differs');
  const reader = new ByteReader(header, PREAMBLE_BYTES + 4);
  try {
    const length = reader.u32();
    const body = new ByteReader(reader.raw(length));
    return { group: body.varint(), index: body.varint(), term: body.varint(), confState: decodeConfState(body) };
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    throw corrupt(path, error.offset, `its header is malformed: ${error.message}`, error);
  }
}

/** One progress sector. */
export function encodeProgress({ turn, size, checksum, isComplete }: SnapshotProgress): Uint8Array {
  const writer = new ByteWriter(SECTOR_BYTES);
  writer.u32(PROGRESS_MAGIC);
  writer.u32(isComplete ? 1 : 0);
  writer.u64(turn);
  writer.u64(size);
  writer.u32(checksum);
  writer.raw(new Uint8Array(SECTOR_BYTES - 4 - writer.length));
  writer.u32(crc32c(writer.view()));
  return writer.take();
}

/** `blank` where it was never written, `damaged` where it is not what was written. */
export function decodeProgress(sector: Uint8Array): SnapshotProgress | 'blank' | 'damaged' {
  if (isZero(sector)) return 'blank';
  if (sector.length < SECTOR_BYTES) return 'damaged';
  const reader = new ByteReader(sector);
  if (new ByteReader(sector, SECTOR_BYTES - 4).u32() !== crc32c(sector, 0, 0, SECTOR_BYTES - 4)) return 'damaged';
  if (reader.u32() !== PROGRESS_MAGIC) return 'damaged';
  const isComplete = reader.u32() === 1;
  try {
    return { isComplete, turn: reader.u64(), size: reader.u64(), checksum: reader.u32() };
  } catch (error) {
    if (error instanceof MalformedBytes) return 'damaged';
    throw error;
  }
}
