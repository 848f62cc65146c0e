import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALL_BUGS } from './bugs/all-bugs.js';
import { bundleSuite } from './bundle.js';
import { SUITE_ENTRY } from './cli.js';
import { hunt, type HuntResult } from './hunt.js';
import type { PlantedBug } from './planted-bug.js';

const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/[\\/]$/, '');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'planted-bugs-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function search(bug: PlantedBug | undefined, seeds: number): Promise<HuntResult> {
  const outfile = join(folder, `${bug?.name ?? 'control'}.mjs`);
  await bundleSuite({ root, entry: SUITE_ENTRY, outfile, bug });
  return hunt(outfile, { fromSeed: 1, seeds, budgetMs: Number.MAX_SAFE_INTEGER, focus: [], scenarios: [] });
}

/** Of each kind one that shows in a run or two; the command searches for all. */
const SAMPLE = [
  'vote-cleared-on-step-down',
  'commit-from-unsorted-matches',
  'acknowledged-before-the-disk',
  'probe-never-resumed',
];

describe('the suite', () => {
  test.each(SAMPLE)('finds %s', { timeout: 240_000 }, async (name) => {
    const bug = ALL_BUGS.find((other) => other.name === name);
    expect(bug).toBeDefined();
    const result = await search(bug, 20);
    expect(result.kind, JSON.stringify(result)).toBe('found');
  });

  test('finds nothing where no bug was planted', { timeout: 240_000 }, async () => {
    expect((await search(undefined, 2)).kind).toBe('clean');
  });

  test('refuses a bundle whose bug is not in it', async () => {
    const patches = [{ file: 'packages/raft-core/src/no-such-file.ts', find: 'a', replace: 'b' }];
    const bug = { name: 'nowhere', classes: [], seen: '', patches, breaks: '', expected: [] };
    await expect(search(bug, 1)).rejects.toThrow("planted bug 'nowhere'");
  });
});
