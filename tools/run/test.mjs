// npm test: builds, checks and tests every project by Nx, then says in its last line how many tests passed, failed and
// were skipped, over all runtimes. Counts come from the runners' own summaries, which Nx replays for cached tasks too.
import { spawn } from 'node:child_process';
import { nx, root } from './nx.mjs';

const targets = ['build', 'typecheck', 'lint', 'test', 'test-deno', 'test-browser', 'e2e', 'e2e-mixed', 'e2e-deno'];
// One task more than Nx runs elsewhere: suites of transports wait for the network for two thirds of their time.
const how = ['--output-style=static', '--nxBail=false', '--parallel=3'];
const child = spawn(process.execPath, [nx, 'run-many', '-t', ...targets, ...how, ...process.argv.slice(2)], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1', NX_TUI: 'false' },
});

const counts = { passed: 0, failed: 0, skipped: 0 };
let rest = '';
child.stdout.setEncoding('utf8');
child.stdout.on('data', (text) => {
  process.stdout.write(text);
  const lines = (rest + text).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) count(line);
});

function count(line) {
  // vitest: "      Tests  3 failed | 12 passed | 1 skipped (16)"; runners of ours: "(1 skipped)" at the end of a line.
  const plain = line.replaceAll(/\u001B\[[0-9;]*m/g, '');
  const summary = /^\s*Tests\s+(.*\d+ (?:passed|failed|skipped).*)$/.exec(plain);
  if (summary !== null) {
    for (const [, number, kind] of summary[1].matchAll(/(\d+) (passed|failed|skipped)/g))
      counts[kind] += Number(number);
  } else {
    const skipped = /^skipped: .*\((\d+) skipped\)$/.exec(plain);
    if (skipped !== null) counts.skipped += Number(skipped[1]);
  }
}

child.on('close', (code) => {
  count(rest);
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  process.exit(code === 0 && counts.failed === 0 ? 0 : 1);
});
