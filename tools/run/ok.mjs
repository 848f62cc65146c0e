// npm run ok: everything that is checked without running a test suite; writes nothing that git tracks.
import { spawnSync } from 'node:child_process';
import { nx, root } from './nx.mjs';

const CHECKS = [
  'check-tidy',
  'check-packages',
  'check-docs',
  'check-size',
  'check-install',
  'check-jsr',
  'check-operating',
];
const run = [nx, 'run-many', '--output-style=static', '-t'];
const steps = [
  { title: 'lock file', command: 'npm', args: ['ci', '--dry-run', '--no-audit', '--no-fund', '--loglevel=error'] },
  { title: 'types, lint and format', command: process.execPath, args: [...run, 'build', 'typecheck', 'lint'] },
  {
    title: 'tidy, packages, docs, sizes, install, JSR and operating',
    command: process.execPath,
    // Two at a time: each of them waits for much of its time, for npm, Deno and servers.
    args: [...run, ...CHECKS, '--parallel=2'],
  },
];
let failed = 0;
for (const { title, command, args } of steps) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NX_TUI: 'false', NO_COLOR: '1', FORCE_COLOR: '0' },
    maxBuffer: 1 << 26,
    shell: process.platform === 'win32',
  });
  const output = `${result.stdout}${result.stderr}`;
  const good = result.status === 0 && !/npm error Missing/.test(output);
  if (!good) failed += 1;
  process.stdout.write(good ? `ok      ${title}\n` : `${output}\nnot ok  ${title}\n`);
}
process.stdout.write(failed === 0 ? 'ok: all checks passed\n' : `not ok: ${failed} of ${steps.length} checks failed\n`);
process.exit(failed === 0 ? 0 : 1);
