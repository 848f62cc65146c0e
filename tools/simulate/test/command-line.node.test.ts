import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'flotilla-simulate-'));
const program = join(folder, 'main.mjs');
const TIMEOUT_MS = 100_000;

function run(...args: string[]): { readonly code: number | null; readonly lines: string[]; readonly errors: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
  return { code: status, lines: stdout.trimEnd().split('\n'), errors: stderr };
}

beforeAll(async () => {
  await build({
    entryPoints: [fileURLToPath(new URL('../src/main.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@flotilla/source'],
    outfile: program,
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
}, TIMEOUT_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('simulate', () => {
  test('one seed prints its hash, the same each time, and one row at the end', () => {
    const args = ['--seed', '3', '--faults-ms', '3000'];
    const first = run('simulate', ...args);
    expect(first.code).toBe(0);
    expect(first.lines[0]).toMatch(/^seed 3 hash [0-9a-f]{16}$/);
    expect(first.lines.at(-1)).toMatch(
      /^seeds 1 \| simulated hours \d+\.\d\d \| faults .+ \| operations \d+ \| violations 0$/,
    );
    expect(run('simulate', ...args).lines).toEqual(first.lines);
  });

  test('a story is told in columns when it is asked for', () => {
    const { code, lines } = run('--seed', '3', '--faults-ms', '2000', '--nodes', '1', '--mode', 'safety', '--story');
    expect(code).toBe(0);
    expect(lines[1]).toMatch(/^ +ms {2}node {3}group {2}what$/);
    expect(lines[2]).toMatch(/^ +0\.0 {2}n1 {12}life 1 begins$/);
  });

  test('a fault that was asked for by name and never took effect fails the run', () => {
    const { code, lines } = run('--seed', '3', '--faults-ms', '2000', '--nodes', '1', '--faults', 'one-way-cut');
    expect(code).toBe(1);
    expect(lines.at(-2)).toBe('fault one-way-cut was planned and never took effect');
    expect(lines.at(-1)).toContain('violations 0');
  });

  test.each([
    [['--seed', 'x'], 'whole number'],
    [['--seeds', '5..2'], 'empty'],
    [['--seeds', '5'], 'no range'],
    [['--minutes', '0'], 'number above 0'],
    [['--mode', 'chaos'], 'neither safety nor liveness'],
    [['--seed', '1', '--seeds', '1..2'], '--seed is one run'],
    [['--only', '1'], 'give --seed'],
    [['--faults', 'meteor'], 'there is no fault meteor'],
    [['--sed', '1'], '--seed'],
    [['torture', '--workers', '0'], 'at least one'],
  ])('wrong usage is refused in words: %j', (args, words) => {
    const { code, errors } = run(...args);
    expect(code).toBe(2);
    expect(errors).toContain(words);
  });
});

describe('torture', () => {
  test('shares seeds among processes, and sums them up in a table and the same row', () => {
    const { code, lines } = run('torture', '--seeds', '1..4', '--workers', '2', '--faults-ms', '2000');
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^\| Date \| Command \| Commit \| Seeds \| Simulated hours \|/);
    expect(lines[2]).toMatch(
      /^\| \d{4}-\d\d-\d\d \| `npm run torture -- --seeds 1\.\.4 --faults-ms 2000` \| [0-9a-f]* \| 4 \|/,
    );
    expect(lines.at(-1)).toMatch(/^seeds 4 \| .+ \| violations 0$/);
  });
});
