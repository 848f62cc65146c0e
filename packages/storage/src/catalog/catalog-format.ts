import { ByteReader, ByteWriter, crc32c, MalformedBytes } from '@flotilla/bytes';
import type { CatalogRecord } from '../catalog.js';
import { PREAMBLE_BYTES, readPreamble, writePreamble } from '../format-preamble.js';
import { corrupt, readOrCorrupt } from '../storage-errors.js';

/** What the first eight bytes of a catalog say. */
export const CATALOG_MAGIC = 'FLOTCATL';
/** The version of catalogs that this program writes, and the highest that it reads. */
export const CATALOG_VERSION = 1;

const HEADER_BYTES = PREAMBLE_BYTES + 8 + 8 + 4 + 4;

/** A whole catalog file. `generation` grows with each save. */
export function encodeCatalog(generation: number, record: CatalogRecord): Uint8Array {
  const body = new ByteWriter(1024);
  body.varint(record.size);
  for (const [name, value] of record) {
    body.string(name);
    body.bytes(value);
  }
  const writer = new ByteWriter(HEADER_BYTES + body.length);
  writePreamble(writer, CATALOG_MAGIC, CATALOG_VERSION);
  writer.u64(generation);
  writer.u64(body.length);
  writer.u32(crc32c(body.view()));
  writer.u32(crc32c(writer.view()));
  writer.raw(body.view());
  return writer.take();
}

/** @throws StorageCorrupt, IncompatibleVersion */
export function decodeCatalog(
  bytes: Uint8Array,
  path: string,
): { generation: number; record: Map<string, Uint8Array> } {
  readPreamble(bytes, CATALOG_MAGIC, CATALOG_VERSION, path);
  if (bytes.length < HEADER_BYTES) throw corrupt(path, bytes.length, 'its header is cut off');
  const header = new ByteReader(bytes, HEADER_BYTES - 4);
  if (header.u32() !== crc32c(bytes, 0, 0, HEADER_BYTES - 4))
    throw corrupt(path, 0, 'the checksum of its header differs');
  const reader = new ByteReader(bytes, PREAMBLE_BYTES);
  const generation = readOrCorrupt(path, () => reader.u64());
  const bodyBytes = readOrCorrupt(path, () => reader.u64());
  const checksum = reader.u32();
  if (bytes.length !== HEADER_BYTES + bodyBytes) {
    throw corrupt(path, bytes.length, `it should have ${HEADER_BYTES + bodyBytes} bytes`);
  }
  if (checksum !== crc32c(bytes, 0, HEADER_BYTES))
    throw corrupt(path, HEADER_BYTES, 'the checksum of its content differs');
  return { generation, record: decodeRecord(bytes.subarray(HEADER_BYTES), path) };
}

function decodeRecord(body: Uint8Array, path: string): Map<string, Uint8Array> {
  const reader = new ByteReader(body);
  const record = new Map<string, Uint8Array>();
  try {
    const count = reader.count(2);
    for (let i = 0; i < count; i++) record.set(reader.string(), reader.bytes().slice());
    reader.end();
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    throw corrupt(path, HEADER_BYTES + error.offset, `its content is malformed: ${error.message}`, error);
  }
  return record;
}
