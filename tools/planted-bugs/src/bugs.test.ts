import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { applyPatches, PatchDoesNotApply } from './apply-patches.js';
import { ALL_BUGS } from './bugs/all-bugs.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

describe('every planted bug', () => {
  test.each(ALL_BUGS)('$name: its patches apply, each exactly once, and change something', ({ name, patches }) => {
    expect(patches.length).toBeGreaterThan(0);
    for (const file of new Set(patches.map((patch) => patch.file))) {
      const text = readFileSync(join(root, file), 'utf8');
      expect(applyPatches(name, file, text, patches)).not.toBe(text);
    }
  });

  test('has a name of its own', () => {
    expect(new Set(ALL_BUGS.map(({ name }) => name)).size).toBe(ALL_BUGS.length);
  });
});

describe('a patch that does not apply', () => {
  const patch = { file: 'a.ts', find: 'x', replace: 'y' };

  test('is refused where its text is gone', () => {
    expect(() => applyPatches('bug', 'a.ts', 'z', [patch])).toThrow(PatchDoesNotApply);
  });

  test('is refused where its text stands twice', () => {
    expect(() => applyPatches('bug', 'a.ts', 'x x', [patch])).toThrow("planted bug 'bug'");
  });

  test('does not touch other files', () => {
    expect(applyPatches('bug', 'b.ts', 'x', [patch])).toBe('x');
  });
});
