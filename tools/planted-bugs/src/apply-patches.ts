import type { Patch } from './planted-bug.js';

/** A patch does not fit its file any more: the bug that it plants would not be planted. */
export class PatchDoesNotApply extends Error {
  override readonly name = 'PatchDoesNotApply';

  constructor(bug: string, file: string, matches: number) {
    super(
      `planted bug '${bug}': its text stands ${matches} times in ${file}, and must stand there once. Mend src/bugs/${bug}.ts`,
    );
  }
}

/**
 * The text of a file with all patches for it applied, in order.
 *
 * @throws PatchDoesNotApply where a patch's text is not there exactly once.
 */
export function applyPatches(bug: string, file: string, text: string, patches: readonly Patch[]): string {
  let patched = text;
  for (const patch of patches) {
    if (patch.file !== file) continue;
    const matches = patched.split(patch.find).length - 1;
    if (matches !== 1) throw new PatchDoesNotApply(bug, file, matches);
    patched = patched.replace(patch.find, () => patch.replace);
  }
  return patched;
}
