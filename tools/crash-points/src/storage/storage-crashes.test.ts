import { MemoryFiles } from '@flotilla/storage/memory';
import { describe, expect, test } from 'vitest';
import { Tally } from '../report/tally.js';
import { storageCrash } from './storage-crashes.js';
import { openEngines, runScript, scriptOf } from './storage-script.js';
import { freshTruth } from './storage-truth.js';
import { verifyStorage } from './verify-storage.js';

/** A disk after the script, and what is known of it. */
async function afterScript(): Promise<{ files: MemoryFiles; truth: ReturnType<typeof freshTruth> }> {
  const truth = freshTruth();
  const files = new MemoryFiles();
  await runScript(await scriptOf(2), files, truth);
  return { files: files.fork('none'), truth };
}

describe('what a crash left is held against what was acknowledged', () => {
  test('the script reaches compaction, reuse of segments, and snapshots of several groups', async () => {
    const { files, truth } = await afterScript();
    await verifyStorage(files.fork('none'), await scriptOf(2), truth);
    expect(truth.batches.acknowledged).toBe(12);
    expect([...truth.newest.keys()]).toEqual([1, 2]);
    const storage = await openEngines(files);
    expect((await storage.snapshots.list()).map(({ group }) => group)).toEqual([1]);
    await storage.close();
  });
  test('an acknowledged batch, save or snapshot that is not there is told', async () => {
    const { files, truth } = await afterScript();
    const verify = async (): Promise<void> => verifyStorage(files.fork('none'), await scriptOf(2), truth);
    truth.batches.acknowledged = ++truth.batches.begun;
    await expect(verify()).rejects.toThrow('no prefix');
    truth.batches.acknowledged = --truth.batches.begun;
    truth.saves.acknowledged = ++truth.saves.begun;
    await expect(verify()).rejects.toThrow('the catalog');
    truth.saves.acknowledged = --truth.saves.begun;
    const newest = truth.newest.get(1);
    newest?.states.push({ group: 1, mark: newest.states[1]!.mark, content: new Uint8Array(1) });
    if (newest !== undefined) newest.reached.acknowledged = ++newest.reached.begun;
    await expect(verify()).rejects.toThrow('group 1 should have its newest snapshot');
  });
  test('a batch or a snapshot that nobody wrote is told', async () => {
    const { files, truth } = await afterScript();
    truth.batches.begun = truth.batches.acknowledged = 5;
    await expect(verifyStorage(files.fork('none'), await scriptOf(2), truth)).rejects.toThrow('no prefix');
    const other = await afterScript();
    other.truth.newest.delete(1);
    await expect(verifyStorage(other.files, await scriptOf(2), other.truth)).rejects.toThrow('nobody committed');
  });
  test('a call that does not exist cannot be tried again', async () => {
    const options = { seed: 1, rounds: 2, survivals: 1, recoveryCrashEvery: 1 };
    const point = { call: 100_000, when: 'before', survival: 'none' } as const;
    await expect(storageCrash(options, point, new Tally())).rejects.toThrow(RangeError);
  });
});
