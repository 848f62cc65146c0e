import { join } from 'node:path';
import { AUTHORITY_FILES, readText } from './certificate-files.js';
import { type Authority, openAuthority } from './issue.js';

/** Reads the authority of a folder that `flotilla cert ca` made. @throws {FlotillaError} InvalidArgument */
export async function readAuthority(folder: string): Promise<Authority> {
  const hint = `Make an authority first: flotilla cert ca --out ${folder}`;
  const cert = await readText(join(folder, AUTHORITY_FILES.cert), hint);
  return await openAuthority(cert, await readText(join(folder, AUTHORITY_FILES.key), hint));
}
