import { existsSync } from 'node:fs';

const USUAL = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** The browser that CHROMIUM names, else the first of the usual places; undefined when there is none. A wrong CHROMIUM is an error, not a skip. */
export function findChromium() {
  const named = process.env.CHROMIUM;
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) {
      process.stderr.write(`CHROMIUM names ${named}, which does not exist\n`);
      process.exit(1);
    }
    return named;
  }
  return USUAL.find((path) => existsSync(path));
}
