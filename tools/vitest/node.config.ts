import { defineConfig } from 'vitest/config';

// Tests read the sources of sibling packages, so that a test never sees a stale build.
export default defineConfig({
  root: process.cwd(),
  resolve: { conditions: ['@flotilla/source'] },
  ssr: { resolve: { conditions: ['@flotilla/source'] } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/*.browser.test.ts', '**/*.deno.test.ts', '**/node_modules/**', '**/dist/**'],
    sequence: { shuffle: true },
    passWithNoTests: true,
    testTimeout: 60_000,
  },
});
