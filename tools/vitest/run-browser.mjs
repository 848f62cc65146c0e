// Runs the portable tests of the package in the current folder in a headless Chromium, by vitest.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findChromium } from './chromium.mjs';

const chromium = findChromium();
if (chromium === undefined) {
  process.stdout.write(
    'skipped: the tests in Chromium, for none was found; CHROMIUM=/path/to/it names one (1 skipped)\n',
  );
  process.exit(0);
}
const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const result = spawnSync(
  process.execPath,
  [at('../../node_modules/vitest/vitest.mjs'), 'run', '--config', at('./browser.config.ts')],
  { stdio: 'inherit', env: { ...process.env, CHROMIUM: chromium } },
);
process.exit(result.status ?? 1);
