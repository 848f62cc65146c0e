import { describe, test } from 'vitest';
import { filesConformance } from '../conformance.js';
import { MemoryFiles } from '../memory.js';

describe('MemoryFiles', () => {
  filesConformance({ describe, test }, { create: async () => ({ files: new MemoryFiles() }) });
});
