import { FlotillaError } from '@flotilla/errors';

/** The `code` of an error of the runtime, such as ENOENT; undefined where it has none. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** An error of the file system as one of the port's. */
export function storageError(operation: string, path: string, error: unknown): FlotillaError {
  if (error instanceof FlotillaError) return error;
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new FlotillaError('StorageFull', {
      message: `no space left for ${path} (${code} from ${operation}). Free some on that disk, or let compaction do so`,
      details: { path },
      outcome: 'definite',
      cause: error,
    });
  }
  const why = error instanceof Error ? error.message : String(error);
  return new FlotillaError('StorageFailed', {
    message: `${operation} of ${path}: ${why}. What failed is not retried; look at the disk and its permissions, then start again`,
    details: { operation, path },
    cause: error,
  });
}
