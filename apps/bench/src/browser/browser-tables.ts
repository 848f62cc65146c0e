import { median } from '../core/median.js';
import { aligned } from '../text/aligned.js';
import type { BatchShape, ClusterFigures, CommitRate, StorageFigures } from './browser-plan.js';
import type { WeighedBundle } from './bundles.js';

const middle = (runs: readonly CommitRate[], field: keyof CommitRate): number => median(runs.map((run) => run[field]));
const times = (ours: number, theirs: number | undefined): string =>
  theirs === undefined ? '-' : (ours / theirs).toFixed(2);

/** Rates of all engines, with the ratio of each to what it stands on, for batches of the same shape. */
export function storageTable(figures: readonly StorageFigures[]): readonly string[] {
  const rows = figures.map(({ engine, shape, runs }) => {
    const { groups, entries, outstanding } = shape;
    const rate = middle(runs, 'perSecond');
    const raws = figures.filter((other) => other.engine === `raw ${engine}` && isSameBatch(other.shape, shape));
    // A flushed write of a file is a call that waits: there is never more than one under way.
    const raw = raws.find((other) => other.shape.outstanding === outstanding) ?? raws[0];
    return [
      engine,
      `${groups}x${entries}`,
      String(outstanding),
      rate.toFixed(0),
      (rate * groups * entries).toFixed(0),
      middle(runs, 'p50').toFixed(1),
      middle(runs, 'p99').toFixed(1),
      engine.startsWith('raw') ? '' : times(rate, raw && middle(raw.runs, 'perSecond')),
    ];
  });
  return [
    'durable batches of groups x entries of 256 B, in a worker; ratio to the same bytes without us',
    ...aligned([['engine', 'batch', 'under way', 'batches/s', 'entries/s', 'p50 ms', 'p99 ms', 'ratio'], ...rows]),
  ];
}

function isSameBatch(raw: BatchShape, { groups, entries }: BatchShape): boolean {
  return raw.groups === groups && raw.entries === entries;
}

/** Puts through a cluster of three, beside the strict transactions that one worker alone does. */
export function clusterTable(
  figures: readonly ClusterFigures[],
  storage: readonly StorageFigures[],
): readonly string[] {
  const raw = storage.find(({ engine, shape }) => {
    return engine === 'raw indexeddb' && shape.groups * shape.entries === 1 && shape.outstanding === 1;
  });
  const rows = figures.map(({ clients, runs }) => [
    String(clients),
    middle(runs, 'perSecond').toFixed(0),
    middle(runs, 'p50').toFixed(1),
    middle(runs, 'p99').toFixed(1),
    times(middle(runs, 'perSecond'), raw && middle(raw.runs, 'perSecond')),
  ]);
  return [
    'durable puts of 256 B through three nodes in three workers, 8 groups, IndexedDB; ratio to raw strict transactions, 1x1, one under way',
    ...aligned([['clients', 'puts/s', 'p50 ms', 'p99 ms', 'ratio'], ...rows]),
  ];
}

/** What is sent to browsers, in KiB. */
export function bundleTable(bundles: readonly WeighedBundle[]): readonly string[] {
  const kib = (bytes: number): string => (bytes / 1_024).toFixed(1);
  return [
    'what is sent to browsers, KiB; budgets are of gzip',
    ...aligned([
      ['bundle', 'minified', 'gzip', 'brotli', 'budget'],
      ...bundles.map(({ name, minified, gzip, brotli, budget }) => [
        name,
        kib(minified),
        kib(gzip),
        kib(brotli),
        `${kib(budget)}${gzip > budget ? ' EXCEEDED' : ''}`,
      ]),
    ]),
  ];
}
