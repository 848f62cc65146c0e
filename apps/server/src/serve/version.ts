import { existsSync, readFileSync } from 'node:fs';

/** Version of the program, as its package.json has it: one folder up from the built file, two from the source. */
export const VERSION: string = (JSON.parse(readFileSync(manifest(), 'utf8')) as { readonly version: string }).version;

function manifest(): URL {
  const built = new URL('../package.json', import.meta.url);
  return existsSync(built) ? built : new URL('../../package.json', import.meta.url);
}
