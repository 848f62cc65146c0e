// Runs Nx quietly: what it prints goes to standard error, and only when something failed or takes part in the answer.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root folder of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Path of Nx's program, as its own manifest names it. */
export const nx = join(
  root,
  'node_modules/nx',
  JSON.parse(readFileSync(join(root, 'node_modules/nx/package.json'), 'utf8')).bin.nx,
);

/** Builds the named projects and what they need (cached). Ends this process with 1 if that fails. */
export function build(...names) {
  const selection = names.length === 0 ? [] : [`--projects=${names.join(',')}`];
  const result = spawnSync(process.execPath, [nx, 'run-many', '-t', 'build', '--output-style=static', ...selection], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NX_TUI: 'false' },
    maxBuffer: 1 << 26,
  });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout}${result.stderr}\nthe build failed; what it said stands above\n`);
    process.exit(1);
  }
}
