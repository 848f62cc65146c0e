import { ByteReader, ByteWriter, crc32c, MalformedBytes } from '@flotilla/bytes';
import type { GroupWrite, LogBatch } from '@flotilla/storage';
import { corrupt, decodeGroupWrite, encodeGroupWrite, incompatible } from '@flotilla/storage/engine';

/*
 * A blob: u32 magic, u8 version, u8 kind, varint sequence of its first batch, varint count of batches, each as varint count of writes and the
 * writes; u32 CRC32C of all before it. A blob of kind BASE holds one batch: what the log held once `sequence` was written, in parts.
 */
const MAGIC = 0x424c_4c46;
const VERSION = 1;
const CHECKSUM_BYTES = 4;
const HEADER_BYTES = 6;

/** What a blob is: batches of the log in order, or a part of what they came to. */
export const BlobKind = { BATCHES: 0, BASE: 1 } as const;
export type BlobKind = (typeof BlobKind)[keyof typeof BlobKind];

/** A blob, read. */
export interface Blob {
  readonly kind: BlobKind;
  readonly sequence: number;
  readonly batches: readonly LogBatch[];
}

/** The bytes of a blob, in a buffer of their own. */
export function encodeBlob(kind: BlobKind, sequence: number, batches: readonly LogBatch[]): ArrayBuffer {
  const writer = new ByteWriter(1024);
  writer.u32(MAGIC);
  writer.u8(VERSION);
  writer.u8(kind);
  writer.varint(sequence);
  writer.varint(batches.length);
  for (const batch of batches) {
    writer.varint(batch.length);
    for (const write of batch) encodeGroupWrite(writer, write);
  }
  writer.u32(crc32c(writer.view()));
  return writer.view().slice().buffer;
}

/** @throws {FlotillaError} StorageCorrupt, IncompatibleVersion */
export function decodeBlob(value: unknown, path: string, key: number): Blob {
  if (!(value instanceof ArrayBuffer) || value.byteLength < HEADER_BYTES + CHECKSUM_BYTES) {
    throw corrupt(path, key, 'it is no blob of a log');
  }
  const bytes = new Uint8Array(value);
  const end = bytes.length - CHECKSUM_BYTES;
  const reader = new ByteReader(bytes.subarray(0, end));
  if (new DataView(value).getUint32(end, true) !== crc32c(bytes, 0, 0, end)) {
    throw corrupt(path, key, 'its checksum differs');
  }
  try {
    if (reader.u32() !== MAGIC) throw corrupt(path, key, 'it is no blob of a log');
    const version = reader.u8();
    if (version !== VERSION) throw incompatible(path, VERSION, version);
    const kind = reader.u8();
    if (kind !== BlobKind.BATCHES && kind !== BlobKind.BASE) throw corrupt(path, key, `it is of kind ${kind}`);
    const sequence = reader.varint();
    const batches = Array.from({ length: reader.count(1) }, () =>
      Array.from({ length: reader.count(2) }, (): GroupWrite => decodeGroupWrite(reader)),
    );
    return { kind, sequence, batches };
  } catch (error) {
    throw error instanceof MalformedBytes ? corrupt(path, key, error.message, error) : error;
  }
}
