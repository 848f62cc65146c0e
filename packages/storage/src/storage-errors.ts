import { MalformedBytes } from '@flotilla/bytes';
import { type ErrorCode, FlotillaError, isFlotillaError } from '@flotilla/errors';

/** Bytes on disk that are not what was written there. Nothing was changed. */
export function corrupt(
  path: string,
  offset: number,
  reason: string,
  cause?: unknown,
): FlotillaError<'StorageCorrupt'> {
  return new FlotillaError('StorageCorrupt', {
    message:
      `${path} at byte ${offset}: ${reason}. Nothing was changed or dropped. ` +
      'A node with this disk must not vote; replace it by a new one, which gets its data from its peers',
    details: { path, offset, reason },
    cause,
  });
}

/** Reads a part of a file; what cannot be its content is StorageCorrupt, at the offset in `bytes` where that shows. */
export function readOrCorrupt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    throw corrupt(path, error.offset, `its header is malformed: ${error.message}`, error);
  }
}

/** A format that this version does not know. */
export function incompatible(path: string, ours: number, theirs: number): FlotillaError<'IncompatibleVersion'> {
  return new FlotillaError('IncompatibleVersion', {
    message: `${path} has format version ${theirs}, this program reads up to ${ours}. Nothing was changed; use the newer program`,
    details: { ours: String(ours), theirs: String(theirs) },
  });
}

/** A caller's value that is refused; nothing was done. */
export function invalid(argument: string, reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', {
    message: `${argument}: ${reason}`,
    details: { argument, reason },
    outcome: 'definite',
  });
}

/** An operation of the disk that failed, or that was asked of storage that failed before. */
export function failed(operation: string, path: string, cause: unknown): FlotillaError<'StorageFailed'> {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new FlotillaError('StorageFailed', {
    message: `${operation} of ${path}: ${why}. A later success would prove nothing; open the storage anew`,
    details: { operation, path },
    cause,
  });
}

/** No space where space had to be taken; what was held before is whole. */
export function full(path: string, cause?: unknown): FlotillaError<'StorageFull'> {
  return new FlotillaError('StorageFull', {
    message: `no space left for ${path}. Nothing of it was taken; free some, or let compaction do so`,
    details: { path },
    outcome: 'definite',
    cause,
  });
}

/** Anything that Files threw, as StorageFailed; errors that say more keep their code. */
export function asStorageError(operation: string, path: string, error: unknown): FlotillaError {
  const kept: readonly ErrorCode[] = [
    'StorageFull',
    'StorageFailed',
    'StorageCorrupt',
    'StorageLocked',
    'IncompatibleVersion',
  ];
  if (isFlotillaError(error) && kept.includes(error.code)) return error;
  return failed(operation, path, error);
}
