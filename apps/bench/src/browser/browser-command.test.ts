import { describe, expect, test } from 'vitest';
import { runBrowser } from './browser-command.js';
import type { BatchShape, CommitRate } from './browser-plan.js';
import { bundleTable, clusterTable, storageTable } from './browser-tables.js';
import { weighBundles } from './bundles.js';

const app = new URL('../../', import.meta.url).pathname;
const rates = (...perSecond: readonly number[]): CommitRate[] =>
  perSecond.map((rate) => ({ perSecond: rate, p50: 1, p99: 2 }));
const words = (line: string | undefined): readonly string[] => (line ?? '').trim().split(/\s+/);
const one: BatchShape = { groups: 1, entries: 1, outstanding: 1 };
const many: BatchShape = { groups: 8, entries: 2, outstanding: 16 };

describe('bench browser', () => {
  test('compares each engine with the same bytes without us', () => {
    const lines = storageTable([
      { engine: 'raw indexeddb', shape: many, runs: rates(100) },
      { engine: 'indexeddb', shape: many, runs: rates(10, 300, 200) },
    ]);
    expect(words(lines.at(-1))).toEqual(['indexeddb', '8x2', '16', '200', '3200', '1.0', '2.0', '2.00']);
  });

  test('compares files with one flushed write at a time, for there are never more', () => {
    const lines = storageTable([
      { engine: 'raw opfs', shape: { ...many, outstanding: 1 }, runs: rates(50) },
      { engine: 'opfs', shape: many, runs: rates(100) },
    ]);
    expect(words(lines.at(-1)).at(-1)).toBe('2.00');
  });

  test('compares a cluster with raw strict transactions', () => {
    const lines = clusterTable(
      [{ clients: 16, runs: rates(100) }],
      [{ engine: 'raw indexeddb', shape: one, runs: rates(400) }],
    );
    expect(words(lines.at(-1))).toEqual(['16', '100', '1.0', '2.0', '0.25']);
    expect(words(clusterTable([{ clients: 1, runs: rates(1) }], []).at(-1)).at(-1)).toBe('-');
  });

  test('says which bundle is above its budget', () => {
    const lines = bundleTable([
      { name: 'lean', minified: 2_048, gzip: 1_024, brotli: 512, budget: 1_024 },
      { name: 'stout', minified: 4_096, gzip: 2_048, brotli: 1_024, budget: 1_024 },
    ]);
    expect(words(lines[2])).toEqual(['lean', '2.0', '1.0', '0.5', '1.0']);
    expect(words(lines[3])).toEqual(['stout', '4.0', '2.0', '1.0', '1.0', 'EXCEEDED']);
  });

  test.each([
    [['--groups', '0'], /--groups 0/],
    [['--entries', '1.5'], /--entries/],
    [['--seconds', 'long'], /--seconds long/],
    [['--speed', '1'], /speed/],
  ])('refuses %j', async (given, reason) => {
    await expect(runBrowser(given, { print: () => undefined, app })).rejects.toThrow(reason);
  });
});

test('what is sent to browsers is within its budgets', { timeout: 60_000 }, async () => {
  for (const { name, gzip, brotli, minified, budget } of await weighBundles(app)) {
    expect(gzip, name).toBeLessThanOrEqual(budget);
    expect(gzip, name).toBeLessThan(minified);
    expect(brotli, name).toBeLessThan(gzip);
  }
});
