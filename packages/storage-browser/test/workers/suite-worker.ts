import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { filesConformance, logEngineConformance } from '@flotilla/storage/conformance';
import { StrictDatabase } from '../../src/database/strict-database.js';
import { DatabaseFiles } from '../../src/files/database-files.js';
import { openOpfsPool, removeOpfsPool } from '../../src/opfs/opfs-pool.js';
import { SlotContents } from '../../src/opfs/slot-contents.js';
import { openLog } from '../open-log.js';

declare const self: { postMessage(message: unknown): void };

/** What the worker says of each test, and at the end. */
export type SuiteMessage =
  | { readonly kind: 'result'; readonly name: string; readonly error: string | undefined }
  | { readonly kind: 'done' };

// Handles of the origin's private file system exist in workers only, so that the suites run here.
const tests: { readonly name: string; readonly body: () => Promise<void> }[] = [];
let path: readonly string[] = [];
const runner = {
  describe: (name: string, body: () => void): void => {
    path = [...path, name];
    body();
    path = path.slice(0, -1);
  },
  test: (name: string, body: () => Promise<void>): void => void tests.push({ name: [...path, name].join(' > '), body }),
};

let places = 0;
const freshName = (): string => `opfs-${runtime.random()}-${++places}`;

async function dropped(name: string): Promise<void> {
  await removeOpfsPool(`${name}-log-0`);
  indexedDB.deleteDatabase(name);
}

for (const [what, ageMs] of [
  ['the log in a pool that is new', 600_000],
  ['the log in a pool that ages at once', 0],
] as const) {
  runner.describe(what, () =>
    logEngineConformance(runner, {
      create: () => {
        const name = freshName();
        return Promise.resolve({
          open: () => openLog(name, { kind: 'opfs', poolFiles: 12, segmentBytes: 65_536, ageMs }),
          dispose: () => dropped(name),
        });
      },
      supports: { lock: true },
    }),
  );
}

runner.describe('files of a pool', () =>
  filesConformance(runner, {
    create: async () => {
      const name = freshName();
      const database = await StrictDatabase.open(name, runtime);
      const pool = await openOpfsPool(`${name}-log-0`, 20);
      const contents = new SlotContents(name, pool, 'process');
      return {
        files: await DatabaseFiles.open(database, { tree: 'pool', contents }),
        dispose: async () => {
          pool.close();
          await database.close();
          await dropped(name);
        },
      };
    },
  }),
);

for (const { name, body } of tests) {
  const error = await body().then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)),
  );
  self.postMessage({ kind: 'result', name, error } satisfies SuiteMessage);
}
self.postMessage({ kind: 'done' } satisfies SuiteMessage);
