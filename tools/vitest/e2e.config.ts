import { defineConfig } from 'vitest/config';

// End to end: real processes of the built program, one file at a time.
export default defineConfig({
  root: process.cwd(),
  test: {
    include: ['e2e/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 120_000,
    passWithNoTests: true,
  },
});
