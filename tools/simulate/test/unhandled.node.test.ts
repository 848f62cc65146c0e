import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'flotilla-unhandled-'));
const program = join(folder, 'unhandled.mjs');

beforeAll(async () => {
  await build({
    entryPoints: [fileURLToPath(new URL('./testdata/unhandled.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@flotilla/source'],
    outfile: program,
  });
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(['rejection', 'exception'])(
  'an error (%s) that nobody handles inside a node is a violation of its seed; the tool goes on with the next',
  (how) => {
    const lines = execFileSync(process.execPath, [program, how], { encoding: 'utf8' }).trim().split('\n');
    expect(lines).toEqual(['2 seeds', `crash: Error: nobody caught this: ${how}`]);
  },
);
