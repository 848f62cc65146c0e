import { systemRuntime as runtime } from '@flotilla/runtime/system';
import {
  catalogConformance,
  filesConformance,
  logEngineConformance,
  snapshotStoreConformance,
} from '@flotilla/storage/conformance';
import { describe, test } from 'vitest';
import { StrictDatabase } from '../src/database/strict-database.js';
import { ChunkContents } from '../src/files/chunk-contents.js';
import { DatabaseFiles } from '../src/files/database-files.js';
import { openBrowserStorage } from '../src/index.js';
import { openLog } from './open-log.js';

let databases = 0;
const freshName = (): string => `conformance-${runtime.random()}-${++databases}`;

async function dropped(name: string): Promise<void> {
  await new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = request.onerror = request.onblocked = resolve;
  });
}

for (const [what, compactFromBytes] of [
  ['the log in IndexedDB', 1 << 22],
  ['the log in IndexedDB, compacted all the time', 1],
] as const) {
  describe(what, () => {
    logEngineConformance(
      { describe, test },
      {
        create: () => {
          const name = freshName();
          return Promise.resolve({
            open: () => openLog(name, { kind: 'indexeddb', compactFromBytes }),
            dispose: () => dropped(name),
          });
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
        const database = await StrictDatabase.open(name, runtime);
        return {
          files: await DatabaseFiles.open(database, { tree: 'files', contents: new ChunkContents(database) }),
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
              runtime: {
                now,
                randomBytes: (length) => runtime.randomBytes(length),
                setTimer: (delayMs, callback) => runtime.setTimer(delayMs, callback),
              },
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
