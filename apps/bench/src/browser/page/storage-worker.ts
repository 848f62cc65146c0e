// Measures durable batches, in a dedicated worker, where the origin's private files are.
import type { BatchShape, CommitRate, EngineName, StorageFigures, StoragePlan } from '../browser-plan.js';
import { commitRate } from './commit-rate.js';
import { type Committer, openIndexedDb, openOpfs, openRawIndexedDb, openRawOpfs } from './engines.js';

const OPEN: Readonly<Record<EngineName, () => Promise<Committer>>> = {
  'raw indexeddb': openRawIndexedDb,
  indexeddb: openIndexedDb,
  'raw opfs': openRawOpfs,
  opfs: openOpfs,
};
const WARM_UP_SECONDS = 0.2;

/** Engines take turns within each run, so that what else the machine does falls on all alike. */
async function measure({ shapes, seconds, runs }: StoragePlan): Promise<readonly StorageFigures[]> {
  const figures: { engine: EngineName; shape: BatchShape; runs: CommitRate[] }[] = [];
  const engines = new Map<EngineName, Committer>();
  for (const [name, open] of Object.entries(OPEN) as [EngineName, () => Promise<Committer>][]) {
    engines.set(name, await open());
  }
  for (const shape of shapes) {
    for (const [engine, committer] of engines) {
      // A flush of a file is a call that waits: there is never more than one.
      if (engine === 'raw opfs' && shape.outstanding > 1) continue;
      await commitRate(() => committer.commit(shape), shape.outstanding, WARM_UP_SECONDS);
      figures.push({ engine, shape, runs: [] });
    }
  }
  for (let run = 0; run < runs; run++) {
    for (const { engine, shape, runs: rates } of figures) {
      const committer = engines.get(engine);
      if (committer === undefined) continue;
      rates.push(await commitRate(() => committer.commit(shape), shape.outstanding, seconds));
    }
  }
  for (const committer of engines.values()) await committer.close();
  return figures;
}

self.onmessage = ({ data }: MessageEvent<StoragePlan>) => {
  measure(data).then(
    (figures) => self.postMessage({ figures }),
    (error: unknown) => self.postMessage({ error: String(error) }),
  );
};
