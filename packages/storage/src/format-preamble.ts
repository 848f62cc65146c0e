import { type ByteWriter, crc32c } from '@flotilla/bytes';
import { corrupt, incompatible } from './storage-errors.js';

/** Bytes of the preamble: eight of magic, a version, a checksum of both. */
export const PREAMBLE_BYTES = 16;

/**
 * Starts a file of any of our formats. The preamble is the same in all versions of all of them, so that an old program can tell
 * a file from a newer one ("use the newer program") from a damaged one ("do not vote").
 */
export function writePreamble(writer: ByteWriter, magic: string, version: number): void {
  const at = writer.length;
  for (let i = 0; i < 8; i++) writer.u8(magic.charCodeAt(i));
  writer.u32(version);
  writer.u32(crc32c(writer.view(), 0, at, at + 12));
}

/**
 * Checks the preamble at the beginning of `bytes`. Returns the version, from 1 to `ours`.
 *
 * @throws StorageCorrupt, IncompatibleVersion
 */
export function readPreamble(bytes: Uint8Array, magic: string, ours: number, path: string): number {
  if (bytes.length < PREAMBLE_BYTES) throw corrupt(path, 0, `${bytes.length} bytes are too few for its format`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < 8; i++) {
    if (view.getUint8(i) !== magic.charCodeAt(i)) throw corrupt(path, 0, `it does not begin with ${magic}`);
  }
  if (view.getUint32(12, true) !== crc32c(bytes, 0, 0, 12))
    throw corrupt(path, 0, 'the checksum of its preamble differs');
  const version = view.getUint32(8, true);
  if (version === 0 || version > ours) throw incompatible(path, ours, version);
  return version;
}
