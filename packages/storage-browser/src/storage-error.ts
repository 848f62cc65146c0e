import { isFlotillaError } from '@flotilla/errors';
import { failed, full } from '@flotilla/storage/engine';

/**
 * What IndexedDB or OPFS rejected with, as one of the port's errors. A full quota is told by an error of that name everywhere: IndexedDB has it
 * on the transaction, OPFS throws it.
 */
export function browserStorageError(operation: string, path: string, error: unknown): Error {
  if (isFlotillaError(error)) return error;
  const name = typeof error === 'object' && error !== null && 'name' in error ? error.name : undefined;
  return name === 'QuotaExceededError' ? full(path, error) : failed(operation, path, error);
}
