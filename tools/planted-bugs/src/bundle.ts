import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { applyPatches, PatchDoesNotApply } from './apply-patches.js';
import type { PlantedBug } from './planted-bug.js';

const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

/** What a bundle is made of. */
export interface BundleOptions {
  /** Root of the repository, absolute. */
  readonly root: string;
  /** Entry of the suite, from the root on. */
  readonly entry: string;
  readonly outfile: string;
  /** Undefined: the sources as they are. */
  readonly bug: PlantedBug | undefined;
}

/**
 * Bundles the suite with all sources of the repository, one bug planted.
 *
 * @throws PatchDoesNotApply where a patch does not fit, or its file is not part of the bundle.
 */
export async function bundleSuite({ root, entry, outfile, bug }: BundleOptions): Promise<void> {
  const planted = new Set<string>();
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    conditions: ['@flotilla/source'],
    logLevel: 'silent',
    // For what is bundled and was written for `require`.
    banner: { js: REQUIRE },
    plugins: bug === undefined ? [] : [planting(root, bug, planted)],
  });
  for (const { file } of bug?.patches ?? []) {
    if (bug !== undefined && !planted.has(file)) throw new PatchDoesNotApply(bug.name, file, 0);
  }
}

/** Hands esbuild the patched text in the place of a file's own. */
function planting(root: string, bug: PlantedBug, planted: Set<string>): Plugin {
  const files = new Map(bug.patches.map(({ file }) => [join(root, file), file]));
  return {
    name: `planted-bug ${bug.name}`,
    setup(setup) {
      setup.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const file = files.get(path);
        if (file === undefined) return undefined;
        const contents = applyPatches(bug.name, file, await readFile(path, 'utf8'), bug.patches);
        planted.add(file);
        return { contents, loader: 'ts' };
      });
    },
  };
}
