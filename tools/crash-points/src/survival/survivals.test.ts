import { Prng } from '@flotilla/runtime/virtual';
import { MemoryFiles } from '@flotilla/storage/memory';
import { describe, expect, test } from 'vitest';
import { survivalNamed, survivalsOf } from './survivals.js';

/** A file of so many sectors that were written and not synced; its name is durable. */
async function dirty(sectors: number): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const handle = await files.open('a', { create: true });
  await handle.writeAt(0, new Uint8Array(512 * sectors));
  await handle.sync();
  await files.syncFolder('');
  await handle.writeAt(0, new Uint8Array(512 * sectors).fill(7));
  return files;
}

const contentOf = (files: MemoryFiles): string => {
  const bytes = files.peek('a') ?? new Uint8Array(0);
  return Array.from({ length: bytes.length / 512 }, (_, sector) => bytes[512 * sector]).join('');
};

describe('survivals', () => {
  test('few choices: every outcome once, and the death of the process', async () => {
    const { remains, isComplete } = survivalsOf(await dirty(3), 8, new Prng(1));
    expect(isComplete).toBe(true);
    expect(remains.map(({ survival }) => survival).sort()).toHaveLength(9);
    expect(new Set(remains.map(({ files }) => contentOf(files)))).toEqual(
      new Set(['000', '007', '070', '077', '700', '707', '770', '777']),
    );
  });
  test('many choices: nothing, all, each thing alone or all but it, as many as fit, none twice', async () => {
    const { remains, isComplete } = survivalsOf(await dirty(6), 20, new Prng(1));
    expect(isComplete).toBe(false);
    const contents = remains.slice(1).map(({ files }) => contentOf(files));
    expect(contents).toHaveLength(20);
    expect(new Set(contents)).toHaveLength(20);
    for (const needed of ['000000', '777777', '700000', '000007', '077777', '777770'])
      expect(contents).toContain(needed);
  });
  test('a name gives the same remains again', async () => {
    const files = await dirty(6);
    for (const { survival, files: left } of survivalsOf(files, 20, new Prng(2)).remains) {
      expect(contentOf(files.fork(survivalNamed(survival)))).toBe(contentOf(left));
    }
  });
  test('the same seed gives the same sample', async () => {
    const names = async (seed: number): Promise<string[]> =>
      survivalsOf(await dirty(8), 20, new Prng(seed)).remains.map(({ survival }) => survival);
    expect(await names(1)).toEqual(await names(1));
    expect(await names(1)).not.toEqual(await names(2));
  });
  test('what is no name is refused', () => {
    for (const name of ['most', '0,x', '-1', '0.5']) expect(() => survivalNamed(name)).toThrow(RangeError);
  });
});
