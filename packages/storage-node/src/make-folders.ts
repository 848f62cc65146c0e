import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from './node-error.js';

const FOLDER_MODE = 0o700;

/**
 * Makes a folder, and those above it that are missing, for the owner alone. Resolves with the first that it made; undefined: it was there.
 *
 * One by one, since Node's `recursive` asks for ever where a file system makes no folders and says that something is missing (/proc, automounters).
 * Deno's does not, and needs no permission for those above.
 *
 * @throws the runtime's error, such as EACCES, ENOENT, or EEXIST where a file is in the way
 */
export async function makeFolders(folder: string): Promise<string | undefined> {
  if ('deno' in process.versions) return mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const parent = dirname(folder);
  let first: string | undefined;
  try {
    return (await makeOne(folder)) ? folder : undefined;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || parent === folder) throw error;
    first = await makeFolders(parent);
  }
  return (await makeOne(folder)) ? (first ?? folder) : first;
}

/** Makes a folder in one that is there. Whether it was made; false: it was there, or somebody else made it meanwhile. */
async function makeOne(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: FOLDER_MODE });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await stat(folder)).isDirectory()) return false;
    throw error;
  }
}
