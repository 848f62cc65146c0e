import { constants } from 'node:fs';
import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { codeOf } from './node-error.js';
import { PROC_IS_OPEN } from './proc.js';

/** Linux's O_DSYNC, as /proc shows it. */
const LINUX_O_DSYNC = 0o10000;

/**
 * The flag that asks for data-synchronous writes; 0 where the runtime has none, where what it does is less than a sync (macOS, Windows),
 * or where it could not be confirmed.
 */
export const DATA_SYNC_FLAG: number = PROC_IS_OPEN ? (constants.O_DSYNC ?? 0) : 0;

/**
 * Whether the kernel itself says that the file at `path`, which was opened with DATA_SYNC_FLAG just now, is data-synchronous: that the
 * runtime knows the flag does not prove that it passes it on. Asks /proc, by path and not by number, since a runtime's numbers need
 * not be the kernel's.
 */
export async function isDataSyncReal(path: string): Promise<boolean> {
  if (DATA_SYNC_FLAG === 0) return false;
  try {
    const real = await realpath(path);
    for (const number of await readdir('/proc/self/fd')) {
      if ((await linkOf(number)) !== real) continue;
      const flags = /^flags:\s*([0-7]+)$/m.exec(await readFile(`/proc/self/fdinfo/${number}`, 'utf8'))?.[1];
      if (flags !== undefined && (Number.parseInt(flags, 8) & LINUX_O_DSYNC) !== 0) return true;
    }
    return false;
  } catch (error) {
    // No /proc, or none that may be read: not proven.
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

async function linkOf(number: string): Promise<string | undefined> {
  try {
    return await readlink(`/proc/self/fd/${number}`);
  } catch (error) {
    // The descriptor that listed the folder is gone by now.
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}
