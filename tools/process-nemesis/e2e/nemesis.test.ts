import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { NEMESIS_KINDS } from '../src/plan/plan.js';

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));

async function run(...args: readonly string[]): Promise<{ readonly code: number | null; readonly stdout: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout }));
  });
}

test('a minute of every fault: nothing acknowledged is lost, no history is wrong, every replica is the same', async () => {
  const { code, stdout } = await run('--minutes', '1', '--seed', 'continuous integration');
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  // A run that fails says where data, logs and histories are.
  expect(code, stdout).toBe(0);
  expect(last).toMatch(/^seed continuous integration; .* operations .*; PASSED$/);
  for (const kind of NEMESIS_KINDS) {
    expect(last).toMatch(new RegExp(`\\b${kind} [1-9]|skipped on this machine: .*\\b${kind}\\b`));
  }
  console.log(last);
});
