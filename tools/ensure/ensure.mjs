// Makes sure that what package-lock.json names is installed, before any npm script of this repository runs.
// Plain JavaScript with node: modules only: it is started by whatever Node the machine has (18 or newer).
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const stampFile = join(root, 'node_modules', '.flotilla-installed');
const lock = readFileSync(join(root, 'package-lock.json'));
const stamp = createHash('sha256').update(lock).update(process.platform).update(process.arch).digest('hex');
const installed = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';

if (installed !== stamp) {
  process.stderr.write('flotilla: installing what package-lock.json names (once; about half a minute)\n');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, npm_config_ignore_scripts: 'false' } };
  try {
    if (npm !== undefined && /\.[cm]?js$/.test(npm)) execFileSync(process.execPath, [npm, ...args], options);
    else execFileSync('npm', args, { ...options, shell: process.platform === 'win32' });
  } catch {
    process.stderr.write(
      'flotilla: npm ci failed (its reason is above). If package.json was changed, run "npm install" first.\n',
    );
    process.exit(1);
  }
  const local = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  const version = execFileSync(local, ['-p', 'process.versions.node'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  }).trim();
  if (!version.startsWith('24.')) {
    process.stderr.write(
      `flotilla: expected Node 24 in node_modules, found ${version}. Install scripts may be switched off: npm config get ignore-scripts\n`,
    );
    process.exit(1);
  }
  writeFileSync(stampFile, stamp);
}
