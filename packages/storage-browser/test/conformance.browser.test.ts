import { systemRuntime as runtime } from '@flotilla/runtime/system';
import type { LogEngine, NodeStorage } from '@flotilla/storage';
import {
  catalogConformance,
  filesConformance,
  logEngineConformance,
  snapshotStoreConformance,
} from '@flotilla/storage/conformance';
import { describe, test } from 'vitest';
import { StrictDatabase } from '../src/database/strict-database.js';
import { IndexedDbFiles } from '../src/files/indexed-db-files.js';
import { openBrowserStorage } from '../src/index.js';

let databases = 0;
const freshName = (): string => `conformance-${runtime.random()}-${++databases}`;

async function dropped(name: string): Promise<void> {
  await new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = request.onerror = request.onblocked = resolve;
  });
}

/** The engine of a storage of its own, which is closed with it. */
async function openLog(name: string, compactFromBytes?: number): Promise<LogEngine> {
  const storage = await openBrowserStorage({
    name,
    runtime,
    ...(compactFromBytes === undefined ? {} : { compactFromBytes }),
  });
  const log = await storage.log(0);
  return owning(log, storage);
}

function owning(log: LogEngine, storage: NodeStorage): LogEngine {
  return {
    durability: log.durability,
    recover: () => log.recover(),
    append: (batch) => log.append(batch),
    stats: () => log.stats(),
    close: async () => {
      await log.close();
      await storage.close();
    },
    [Symbol.asyncDispose]: async () => {
      await log.close();
      await storage.close();
    },
  };
}

for (const [what, compactFromBytes] of [
  ['the log in IndexedDB', undefined],
  ['the log in IndexedDB, compacted all the time', 1],
] as const) {
  describe(what, () => {
    logEngineConformance(
      { describe, test },
      {
        create: () => {
          const name = freshName();
          return Promise.resolve({ open: () => openLog(name, compactFromBytes), dispose: () => dropped(name) });
        },
        supports: { lock: true },
      },
    );
  });
}

describe('files in IndexedDB', () => {
  filesConformance(
    { describe, test },
    {
      create: async () => {
        const name = freshName();
        const database = await StrictDatabase.open(name);
        return {
          files: await IndexedDbFiles.open(database),
          dispose: async () => {
            await database.close();
            await dropped(name);
          },
        };
      },
    },
  );
});

describe('the catalog', () => {
  catalogConformance(
    { describe, test },
    {
      create: () => {
        const name = freshName();
        return Promise.resolve({
          open: async () => {
            const storage = await openBrowserStorage({ name, runtime });
            const { catalog } = storage;
            return {
              load: () => catalog.load(),
              save: (changes) => catalog.save(changes),
              close: () => storage.close(),
              [Symbol.asyncDispose]: () => storage.close(),
            };
          },
          dispose: () => dropped(name),
        });
      },
    },
  );
});

describe('snapshots', () => {
  snapshotStoreConformance(
    { describe, test },
    {
      create: () => {
        const name = freshName();
        return Promise.resolve({
          open: async ({ now }) => {
            const storage = await openBrowserStorage({
              name,
              runtime: { now, randomBytes: (length) => runtime.randomBytes(length) },
            });
            const { snapshots } = storage;
            return {
              list: () => snapshots.list(),
              create: (group, mark, creating) => snapshots.create(group, mark, creating),
              read: (snapshot, reading) => snapshots.read(snapshot, reading),
              prune: (group, pruning) => snapshots.prune(group, pruning),
              sweepPartials: (maxAgeMs) => snapshots.sweepPartials(maxAgeMs),
              close: () => storage.close(),
              [Symbol.asyncDispose]: () => storage.close(),
            };
          },
          dispose: () => dropped(name),
        });
      },
    },
  );
});
