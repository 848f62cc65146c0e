import { describe, test } from 'vitest';
import { logEngineConformance, logEngineCrashConformance } from '../conformance.js';
import { checkedLogEngine } from '../log/checked-log-engine.js';
import { teeLogEngine } from '../log/tee-log-engine.js';
import { MemoryFiles, MemoryLogEngine } from '../memory.js';
import { FileLogEngine } from './file-log-engine.js';

const runtime = { randomBytes: (length: number) => new Uint8Array(length).fill(7) };
const openIn = (files: MemoryFiles, segmentBytes: number): Promise<FileLogEngine> =>
  FileLogEngine.open({ files, folder: 'log-0', runtime, segmentBytes });

for (const segmentBytes of [4096, 65_536, 1_048_576]) {
  describe(`FileLogEngine with segments of ${segmentBytes} bytes`, () => {
    logEngineConformance(
      { describe, test },
      {
        create: async () => {
          const files = new MemoryFiles();
          return { open: () => openIn(files, segmentBytes) };
        },
        supports: { lock: true },
      },
    );
  });
}

describe('checked(tee(FileLogEngine, MemoryLogEngine))', () => {
  logEngineConformance(
    { describe, test },
    {
      create: async () => {
        const files = new MemoryFiles();
        let memory: MemoryLogEngine | undefined;
        return {
          open: async () => {
            memory = memory?.reopen() ?? new MemoryLogEngine();
            return teeLogEngine(await openIn(files, 8192), memory);
          },
        };
      },
      supports: { lock: false },
    },
  );
});

describe('FileLogEngine in the face of crashes', () => {
  logEngineCrashConformance({ describe, test }, { open: (files) => openIn(files, 4096) });
});

describe('checkedLogEngine in the face of crashes', () => {
  logEngineCrashConformance(
    { describe, test },
    { open: async (files) => checkedLogEngine(await openIn(files, 8192)), rounds: 2, randomRuns: 20 },
  );
});
