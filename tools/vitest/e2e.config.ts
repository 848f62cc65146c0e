import { defineConfig } from 'vitest/config';

// End to end: real processes of the built program. Two files at a time, for much of what they do is to wait for others; suites that need the
// machine to themselves say --no-file-parallelism.
export default defineConfig({
  root: process.cwd(),
  test: {
    include: ['e2e/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 600_000,
    hookTimeout: 120_000,
    passWithNoTests: true,
  },
});
