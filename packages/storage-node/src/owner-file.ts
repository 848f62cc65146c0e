import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FlotillaError } from '@flotilla/errors';
import type { FolderLock } from '@flotilla/storage';
import { codeOf } from './node-error.js';
import { PROC_IS_OPEN } from './proc.js';

const OWNER_FILE = 'lock.owner';
const ATTEMPTS_MAX = 100;

let asideCount = 0;

/** Who owns a folder. */
interface Owner {
  readonly pid: number;
  /** When that process started, in the system's own words: a pid alone comes again. Undefined where the system does not tell. */
  readonly started: string | undefined;
}

/** Notes this process as the owner of a folder that it has locked. */
export async function writeOwner(folder: string): Promise<void> {
  await writeFile(join(folder, OWNER_FILE), await ownText());
}

/** The error for a folder that another holds. */
export async function lockedError(folder: string): Promise<FlotillaError<'StorageLocked'>> {
  const owner = parseOwner(await readIfThere(join(folder, OWNER_FILE)));
  const known = owner?.pid === process.pid ? 'this very process' : `process ${owner?.pid}`;
  return new FlotillaError('StorageLocked', {
    message:
      `the data folder ${folder} is in use by ${owner === undefined ? 'another process' : known}. ` +
      'Stop that one first, or give this one a folder of its own',
    details: { path: folder },
  });
}

/**
 * Locks a folder by the owner's file alone: it is made whole or not at all, and one whose owner is gone is taken away by a rename, which
 * only one of several can do.
 *
 * @throws StorageLocked
 */
export async function lockByOwnerFile(folder: string): Promise<FolderLock> {
  const path = join(folder, OWNER_FILE);
  const text = await ownText();
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (await makeWhole(path, text)) {
      const release = async (): Promise<void> => {
        if ((await readIfThere(path)) === text) await unlink(path);
      };
      return { release, [Symbol.asyncDispose]: release };
    }
    const held = await readIfThere(path);
    if (held === undefined) continue;
    if (await isAlive(parseOwner(held))) throw await lockedError(folder);
    await takeAway(path, held);
  }
  throw await lockedError(folder);
}

/** Makes the file with its content at once; false where there is one. */
async function makeWhole(path: string, text: string): Promise<boolean> {
  const aside = asideOf(path);
  await writeFile(aside, text);
  try {
    await link(aside, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(aside);
  }
}

/** Removes the file if it still is the one that was judged; another's, made meanwhile, is put back. */
async function takeAway(path: string, judged: string): Promise<void> {
  const aside = asideOf(path);
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if ((await readIfThere(aside)) !== judged) await link(aside, path);
  await unlink(aside);
}

async function isAlive(owner: Owner | undefined): Promise<boolean> {
  if (owner === undefined) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
    if (codeOf(error) !== 'EPERM') throw error;
  }
  return owner.started === undefined || owner.started === (await startOf(owner.pid));
}

async function ownText(): Promise<string> {
  return JSON.stringify({ pid: process.pid, started: await startOf(process.pid) });
}

function parseOwner(text: string | undefined): Owner | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number')
      return undefined;
    const started = 'started' in value && typeof value.started === 'string' ? value.started : undefined;
    return { pid: value.pid, started };
  } catch (error) {
    // Cut off by a power cut: it names nobody.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Boot and tick at which a process started, where /proc tells. */
async function startOf(pid: number): Promise<string | undefined> {
  if (!PROC_IS_OPEN) return undefined;
  const stat = await readIfThere(`/proc/${pid}/stat`);
  const boot = await readIfThere('/proc/sys/kernel/random/boot_id');
  const ticks = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return ticks === undefined || boot === undefined ? undefined : `${boot.trim()}/${ticks}`;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

function asideOf(path: string): string {
  return `${path}.${process.pid}-${++asideCount}`;
}
