import { build } from 'esbuild';
import { expect, test } from 'vitest';

test('bundled for a page, the package names neither Node nor the native library', async () => {
  const result = await build({
    stdin: { contents: "export * from '@flotilla/quic-transport-ponyfill';", resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['@flotilla/source'],
    metafile: true,
  });
  const inputs = Object.keys(result.metafile.inputs);
  expect(inputs.some((path) => path.endsWith('src/browser.ts'))).toBe(true);
  expect(inputs.filter((path) => /native\/(node|deno|library)/.test(path) || path.startsWith('node:'))).toEqual([]);
  expect(result.outputFiles[0]?.text).not.toMatch(/from\s*["']node:|require\(|@currentspace/);
});
