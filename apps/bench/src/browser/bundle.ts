import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, type BuildOptions } from 'esbuild';

/** As an application would build it, from the sources of our rooms, so that no build of theirs can be stale. */
const OPTIONS = {
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  target: 'es2024',
  conditions: ['@flotilla/source', 'browser'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  logLevel: 'error',
} as const satisfies BuildOptions;

/**
 * The programs of the page that measures, by the path that the page asks for.
 *
 * @param app - Folder of this app: its dependencies are found from here, its own sources are below.
 */
export async function pagePrograms(app: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const programs = new Map<string, Uint8Array>();
  for (const name of ['page', 'storage-worker', 'node-worker']) {
    const { outputFiles } = await build({
      ...OPTIONS,
      absWorkingDir: app,
      entryPoints: [`src/browser/page/${name}.ts`],
    });
    for (const { contents } of outputFiles) programs.set(`/${name}.js`, contents);
  }
  return programs;
}

/** What a bundle weighs, in bytes. */
export interface BundleSize {
  readonly minified: number;
  readonly gzip: number;
  readonly brotli: number;
}

/** The sum of some programs, each bundled for itself, minified. */
export async function bundleSize(app: string, entries: readonly string[]): Promise<BundleSize> {
  let sum: BundleSize = { minified: 0, gzip: 0, brotli: 0 };
  for (const entry of entries) {
    const isModule = entry.startsWith('export');
    const { outputFiles } = await build({
      ...OPTIONS,
      absWorkingDir: app,
      minify: true,
      outdir: 'out',
      ...(isModule ? { stdin: { contents: entry, resolveDir: app } } : { entryPoints: [entry] }),
    });
    for (const { contents } of outputFiles) {
      sum = {
        minified: sum.minified + contents.length,
        gzip: sum.gzip + gzipSync(contents, { level: 9 }).length,
        brotli: sum.brotli + brotliCompressSync(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length,
      };
    }
  }
  return sum;
}
