import { describe, test } from 'vitest';
import { snapshotStoreConformance, snapshotStoreCrashConformance } from '../conformance.js';
import { MemoryFiles } from '../memory.js';
import { FileSnapshotStore } from './file-snapshot-store.js';

describe('FileSnapshotStore', () => {
  const runner = { describe, test };
  snapshotStoreConformance(runner, {
    create: async () => {
      const files = new MemoryFiles();
      return { open: (runtime) => FileSnapshotStore.open({ files, folder: 'snapshots', runtime }) };
    },
  });
  snapshotStoreCrashConformance(runner, {
    open: (files, runtime) => FileSnapshotStore.open({ files, folder: 'snapshots', runtime }),
  });
});
