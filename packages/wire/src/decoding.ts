import { ByteReader, MalformedBytes } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';

/**
 * Reads all of `bytes` with `read` and refuses what is left over.
 *
 * @throws {FlotillaError} MalformedFrame where the bytes are not what `what` should be.
 */
export function decodeAll<T>(what: string, bytes: Uint8Array, read: (reader: ByteReader) => T): T {
  try {
    const reader = new ByteReader(bytes);
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    if (error instanceof MalformedBytes) throw malformed(`${what}: ${error.message}`, error);
    throw error;
  }
}

/** The error for bytes that the protocol does not allow. */
export function malformed(reason: string, cause?: unknown): FlotillaError<'MalformedFrame'> {
  return new FlotillaError('MalformedFrame', {
    message: `${reason}. Nothing of it was used; the other side has a bug, or is no Flotilla node`,
    details: { reason },
    cause,
  });
}

/** Refuses any version of a format but the one that this build reads. */
export function expectVersion(what: string, version: number, ours: number): void {
  if (version === ours) return;
  throw new FlotillaError('IncompatibleVersion', {
    message: `${what} has format version ${version}, this build reads ${ours}. Upgrade the older side`,
    details: { ours: String(ours), theirs: String(version) },
  });
}
