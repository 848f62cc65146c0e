import { ByteReader, MalformedBytes } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';

/**
 * Reads all of `bytes` with `read`; a malformed part refuses the whole.
 *
 * @throws {FlotillaError} MalformedFrame, or IncompatibleVersion where the leading version byte is not `version`.
 */
export function decodeVersioned<T>(
  what: string,
  version: number,
  bytes: Uint8Array,
  read: (reader: ByteReader) => T,
): T {
  try {
    const reader = new ByteReader(bytes);
    const theirs = reader.u8();
    if (theirs !== version) {
      throw new FlotillaError('IncompatibleVersion', {
        message: `${what} has format version ${theirs}, this build reads ${version}. Upgrade the older side`,
        details: { ours: String(version), theirs: String(theirs) },
      });
    }
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    const reason = `${what}: ${error.message}`;
    throw new FlotillaError('MalformedFrame', {
      message: `${reason}. Nothing of it was used`,
      details: { reason },
      cause: error,
    });
  }
}

/** Reads a count and as many node ids, which must ascend. @throws MalformedBytes */
export function readNodeIds(reader: ByteReader): number[] {
  const count = reader.count(1);
  const ids: number[] = [];
  let previous = 0;
  for (let i = 0; i < count; i++) {
    const id = reader.varint();
    if (id <= previous) reader.fail(`node ids are not ascending: ${id} after ${previous}`);
    ids.push(id);
    previous = id;
  }
  return ids;
}
