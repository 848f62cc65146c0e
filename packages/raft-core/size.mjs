// Prints the size of the package as an application would ship it (bundled, minified, gzip) and fails above the budget.
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const BUDGET_BYTES = 20 * 1024;

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('src/index.ts', import.meta.url))],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  write: false,
  logLevel: 'error',
});
const [bundle] = outputFiles;
const compressed = gzipSync(bundle.contents, { level: 9 }).length;
console.log(
  `@flotilla/raft-core: ${bundle.contents.length} bytes minified, ${compressed} compressed (budget ${BUDGET_BYTES})`,
);
if (compressed > BUDGET_BYTES) {
  console.error(`${compressed - BUDGET_BYTES} bytes above the budget`);
  process.exitCode = 1;
}
