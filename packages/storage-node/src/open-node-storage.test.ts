import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openNodeStorage } from './index.js';

const runtime = { now: () => 0, randomBytes: (length: number) => new Uint8Array(length).fill(7) };

/** Bundles the child, so that a plain Node can run it. */
function bundle(outfile: string): void {
  const esbuild = createRequire(import.meta.url).resolve('esbuild/bin/esbuild');
  const entry = fileURLToPath(new URL('testdata/appending-child.ts', import.meta.url));
  const options = ['--bundle', '--format=esm', '--platform=node', '--conditions=@flotilla/source', '--log-level=error'];
  execFileSync(esbuild, [entry, ...options, `--outfile=${outfile}`]);
}

test('a process killed in the middle of an append loses nothing acknowledged and leaves no lock', async () => {
  const root = await mkdtemp(join(tmpdir(), 'flotilla-'));
  const folder = join(root, 'data');
  const script = join(root, 'child.mjs');
  bundle(script);
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (child.killed || output.split('\n').length < 100) continue;
    await expect(openNodeStorage({ folder, runtime })).rejects.toMatchObject({
      code: 'StorageLocked',
      details: { path: folder },
      message: expect.stringContaining(`process ${child.pid}`),
    });
    child.kill('SIGKILL');
  }
  const acknowledged = Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1));
  expect(acknowledged).toBeGreaterThan(90);
  const storage = await openNodeStorage({ folder, runtime, segmentBytes: 65_536 });
  const [group] = await (await storage.log(0)).recover();
  expect(group?.entries.length).toBeGreaterThanOrEqual(acknowledged);
  expect(group?.entries.every(({ index, data }) => data.every((byte) => byte === (index & 0xff)))).toBe(true);
  await storage.close();
  await rm(root, { recursive: true });
});
