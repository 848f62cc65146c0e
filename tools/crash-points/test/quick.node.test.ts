import { describe, expect, test } from 'vitest';
import { crashPoints } from '../src/crash-points.js';
import { replay } from '../src/replay.js';
import { type Layer, Tally } from '../src/report/tally.js';
import { SIZES } from '../src/size.js';

/** Runs layers of the quick size; nothing may be left unrecovered. */
async function quick(...layers: Layer[]): Promise<Tally> {
  const tally = new Tally();
  await crashPoints({ seed: 1, size: SIZES.quick, layers }, tally);
  expect(tally.unrecovered).toEqual([]);
  return tally;
}

describe('every crash and every flip is recovered from, or refused', () => {
  test('crashes of the storage engines at every call', async () => {
    expect((await quick('storage')).crashStates).toBeGreaterThan(1_000);
  }, 120_000);
  test('crashes of whole nodes, one at a time and all at once', async () => {
    expect((await quick('node')).crashStates).toBeGreaterThan(60);
  }, 120_000);
  test('damage to every file of a replica', async () => {
    expect((await quick('flips')).flips).toBeGreaterThan(3_000);
  }, 120_000);
});

describe('one state again', () => {
  test('of each layer, by the arguments that a failure prints', async () => {
    const tally = new Tally();
    await replay({ seed: 1, layer: 'storage', call: '70', when: 'during', choices: '1,0,1' }, tally);
    await replay({ seed: 1, layer: 'storage', call: '70', when: 'before', choices: 'none', second: 9 }, tally);
    const node = { seed: 1, layer: 'node', scenario: 'single', when: 'during', choices: 'none' } as const;
    await replay({ ...node, node: 'n1', call: '60' }, tally);
    await replay({ ...node, node: 'all', call: 'n1:60' }, tally);
    await replay({ seed: 1, layer: 'flips', replica: 'script-3', damage: 'flip:catalog/catalog:40:1' }, tally);
    await replay({ seed: 1, layer: 'flips', scenario: 'snapshot', damage: 'flip:identity/catalog:40:1' }, tally);
    await replay({ seed: 1, layer: 'flips', scenario: 'writes', damage: 'rollback:20' }, tally);
    expect(tally.unrecovered).toEqual([]);
    expect(tally.summary()).toBe('6 crash states, 3 flips, 0 unrecovered');
  }, 120_000);
  test('what names no state is refused', async () => {
    const tally = new Tally();
    const node = { seed: 1, layer: 'node', node: 'n1', call: '1', when: 'before', choices: 'none' } as const;
    await expect(replay({ ...node, scenario: 'none' }, tally)).rejects.toThrow('there is no scenario');
    await expect(replay({ ...node, scenario: 'single', when: 'later' }, tally)).rejects.toThrow('--when');
    await expect(replay({ seed: 1, layer: 'flips', replica: 'script-3' }, tally)).rejects.toThrow('--damage');
    await expect(replay({ seed: 1, layer: 'storage', call: '9', when: 'after' }, tally)).rejects.toThrow('--when');
  });
});
