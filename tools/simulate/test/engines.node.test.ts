import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../../vitest/chromium.mjs';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const DENO = at('../../../node_modules/.bin/deno');
const CHROMIUM = findChromium();

const folder = mkdtempSync(join(tmpdir(), 'flotilla-engines-'));
const bundle = join(folder, 'hashes.mjs');
let script = '';
let onNode = '';

/** One file with everything in it, for any engine: it defines a global function. */
async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [at('./testdata/hashes.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'simulation',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['@flotilla/source'],
  });
  return outputFiles[0]?.text ?? '';
}

describe('the trace of a seed', () => {
  beforeAll(async () => {
    script = await bundled();
    writeFileSync(bundle, `${script}\nconsole.log(await simulation.hashes());`);
    onNode = execFileSync(process.execPath, [bundle], { encoding: 'utf8' }).trim();
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is the same in another process', () => {
    expect(onNode.split('\n')).toHaveLength(4);
    expect(execFileSync(process.execPath, [bundle], { encoding: 'utf8' }).trim()).toBe(onNode);
  });

  test.skipIf(!existsSync(DENO))('is the same on Deno', () => {
    const env = { ...process.env, DENO_NO_UPDATE_CHECK: '1' };
    expect(execFileSync(DENO, ['run', '--no-lock', bundle], { encoding: 'utf8', env }).trim()).toBe(onNode);
  });

  test.skipIf(CHROMIUM === undefined)('is the same in Chromium', async () => {
    const browser = await chromium.launch({
      ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }),
      args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--no-first-run'],
    });
    try {
      const page = await browser.newPage();
      await page.addScriptTag({ content: script });
      expect(await page.evaluate('simulation.hashes()')).toBe(onNode);
    } finally {
      await browser.close();
    }
  });
});
