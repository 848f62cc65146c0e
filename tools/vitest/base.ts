import type { ViteUserConfig } from 'vitest/config';

type TestConfig = NonNullable<ViteUserConfig['test']>;

/** Tests read the sources of sibling packages, so that a test never sees a stale build. */
export const sourceConditions: string[] = ['@flotilla/source'];

/** What the three runtimes share. `foo.test.ts` runs on all of them, `foo.<runtime>.test.ts` only there. */
export function testsFor(runtime: 'node' | 'deno' | 'browser'): TestConfig {
  const others = ['node', 'deno', 'browser'].filter((name) => name !== runtime);
  return {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [...others.map((name) => `**/*.${name}.test.ts`), '**/node_modules/**', '**/dist/**'],
    sequence: { shuffle: true },
    passWithNoTests: true,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['default'],
  };
}
