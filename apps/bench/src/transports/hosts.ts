import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CommandLine } from './lossy-network.js';
import type { Host } from './plan.js';

const DENO = fileURLToPath(new URL('../../../node_modules/.bin/deno', import.meta.url));

/** How a program of ours is run on a runtime. */
export function programOn(host: Host, program: URL, plan: unknown): CommandLine {
  const args = [fileURLToPath(program), JSON.stringify(plan)];
  if (host === 'node') return { program: process.execPath, args };
  return { program: DENO, args: ['run', '-A', '--no-lock', '--unstable-net', ...args] };
}

/** The version of a runtime that this machine has. */
export function versionOf(host: Host): string | undefined {
  if (host === 'node') return process.version.slice(1);
  const { status, stdout } = spawnSync(DENO, ['--version'], { encoding: 'utf8' });
  return status === 0 ? (/^deno (\S+)/.exec(stdout)?.[1] ?? undefined) : undefined;
}
