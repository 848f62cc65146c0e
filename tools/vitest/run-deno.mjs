// Runs the portable tests of the package in the current folder under Deno, by vitest.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const deno = at(process.platform === 'win32' ? '../../node_modules/.bin/deno.cmd' : '../../node_modules/.bin/deno');
const works = existsSync(deno) && spawnSync(deno, ['--version'], { stdio: 'ignore' }).status === 0;
if (!works) {
  process.stdout.write('skipped: the tests on Deno, for deno is not installed (1 skipped)\n');
  process.exit(0);
}
const vitest = at('../../node_modules/vitest/vitest.mjs');
const result = spawnSync(
  deno,
  ['run', '-A', '--no-lock', '--unstable-net', vitest, 'run', '--pool=forks', '--config', at('./deno.config.ts')],
  { stdio: 'inherit', env: { ...process.env, DENO_NO_UPDATE_CHECK: '1' } },
);
process.exit(result.status ?? 1);
