import { describe, test } from 'vitest';
import { logEngineConformance } from '../conformance.js';
import { MemoryLogEngine } from '../memory.js';

describe('MemoryLogEngine', () => {
  logEngineConformance(
    { describe, test },
    {
      create: async () => {
        let engine: MemoryLogEngine | undefined;
        return { open: async () => (engine = engine?.reopen() ?? new MemoryLogEngine()) };
      },
      supports: { lock: false },
    },
  );
});
