import { describe, test } from 'vitest';
import { catalogConformance, catalogCrashConformance } from '../conformance.js';
import { MemoryFiles } from '../memory.js';
import { FileCatalog } from './file-catalog.js';

describe('FileCatalog', () => {
  const runner = { describe, test };
  catalogConformance(runner, {
    create: async () => {
      const files = new MemoryFiles();
      return { open: () => FileCatalog.open({ files, folder: 'catalog' }) };
    },
  });
  catalogCrashConformance(runner, { open: (files) => FileCatalog.open({ files, folder: 'catalog' }) });
});
