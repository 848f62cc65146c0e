import { join } from 'node:path';
import type Sqlite from 'node:sqlite';
import type { FolderLock } from '@flotilla/storage';
import { codeOf } from './node-error.js';
import { lockByOwnerFile, lockedError, writeOwner } from './owner-file.js';

const LOCK_FILE = 'lock';
const SQLITE_BUSY = 5;

/**
 * Locks a folder for this process.
 *
 * Neither Node nor Deno gives out the system's file locks, but both bring SQLite, which takes them on every system: an exclusive
 * transaction on an empty database. The kernel releases it with the process, however that ends, so a stale lock cannot be. The file
 * `lock.owner` beside it names the owner and decides nothing. Where SQLite is missing (Node 22.12), that file is the lock.
 *
 * @throws StorageLocked, with the folder and, where known, the owner's pid
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const sqlite = await loadSqlite();
  if (sqlite === undefined) return lockByOwnerFile(folder);
  const database = new sqlite.DatabaseSync(join(folder, LOCK_FILE), { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) throw await lockedError(folder);
    throw error;
  }
  await writeOwner(folder);
  let isReleased = false;
  const release = async (): Promise<void> => {
    if (isReleased) return;
    isReleased = true;
    database.close();
  };
  return { release, [Symbol.asyncDispose]: release };
}

async function loadSqlite(): Promise<Pick<typeof Sqlite, 'DatabaseSync'> | undefined> {
  try {
    return await import('node:sqlite');
  } catch (error) {
    if (codeOf(error) === 'ERR_UNKNOWN_BUILTIN_MODULE') return undefined;
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('errcode' in error && error.errcode === SQLITE_BUSY) || error.message.includes('database is locked');
}
