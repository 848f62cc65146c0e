import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FlotillaError } from '@flotilla/errors';
import { makeFolders } from '@flotilla/storage-node';

/** Files of an authority's folder. */
export const AUTHORITY_FILES = { cert: 'ca.pem', key: 'ca.key' } as const;
/** Files of the folder of a node or a client: what `--tls-ca`, `--tls-cert` and `--tls-key` take. */
export const LEAF_FILES = { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' } as const;

/** A file to be written. */
export interface CertificateFile {
  readonly path: string;
  readonly text: string;
  /** `secret`: readable by its owner alone. */
  readonly access: 'secret' | 'public';
}

const MODE = { secret: 0o600, public: 0o644 } as const;

/**
 * Writes files, all or none where one of them is there already; their folders are made. A file with the same text is left as it is.
 * Without `overwrite` nothing that exists is ever replaced, whoever else writes meanwhile.
 *
 * @throws {FlotillaError} InvalidArgument where a file exists, or a folder cannot be written to
 */
export async function writeFiles(files: readonly CertificateFile[], overwrite: 'overwrite' | 'keep'): Promise<void> {
  const wanted: CertificateFile[] = [];
  for (const file of files) {
    const present = await readFile(file.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw failed(`${file.path} cannot be read`, error);
    });
    if (present === file.text) continue;
    if (present !== undefined && overwrite === 'keep') throw exists(file.path);
    wanted.push(file);
  }
  const placed: string[] = [];
  try {
    for (const file of wanted) {
      await place(file, overwrite);
      placed.push(file.path);
    }
  } catch (error) {
    if (overwrite === 'keep') await Promise.all(placed.map((path) => rm(path, { force: true })));
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? exists(wanted[placed.length]?.path ?? '') : error;
  }
}

/** Written aside and put in place whole: nobody ever reads half of it. */
async function place({ path, text, access }: CertificateFile, overwrite: 'overwrite' | 'keep'): Promise<void> {
  const aside = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  try {
    await makeFolders(dirname(path));
    const file = await open(aside, 'wx', MODE[access]);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (overwrite === 'overwrite') await rename(aside, path);
    else await link(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    throw failed(`${path} cannot be written`, error as Error);
  } finally {
    await rm(aside, { force: true });
  }
}

/** Reads a file. @throws {FlotillaError} InvalidArgument, with a hint at what would make it */
export async function readText(path: string, hint: string): Promise<string> {
  return await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw failed(`${path} cannot be read`, cause, cause.code === 'ENOENT' ? `. ${hint}` : '');
  });
}

function exists(path: string): FlotillaError<'InvalidArgument'> {
  const reason = `${path} exists; nothing was written. Give another --out, or --overwrite`;
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'out', reason } });
}

function failed(what: string, cause: Error, hint = ''): FlotillaError<'InvalidArgument'> {
  const reason = `${what}: ${cause.message}${hint}`;
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'file', reason }, cause });
}
