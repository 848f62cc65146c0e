import { existsSync } from 'node:fs';

const USUAL = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser that CHROMIUM names, else the first of the usual places; undefined, and said so, where there is none. */
export function chromiumPath(): string | undefined {
  const named = process.env['CHROMIUM'];
  const found = named === undefined || named === '' ? USUAL.find((path) => existsSync(path)) : named;
  if (found === undefined) {
    process.stdout.write('skipped: the playground, for no Chromium was found; CHROMIUM=/path/to/it names one\n');
  }
  return found;
}
