import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES, isErrorCode } from './index.js';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading = '', ...rest] = section.split('\n');
      return [heading.trim(), rest.join('\n')];
    }),
);

describe('docs/errors.md', () => {
  test('has a heading for every code, in the order of ERROR_CODES, and no other', () => {
    expect([...sections.keys()]).toEqual(Object.keys(ERROR_CODES));
  });

  test.each(Object.keys(ERROR_CODES).filter(isErrorCode))('%s: what, why, what to do, outcome and details', (code) => {
    const text = sections.get(code) ?? '';
    for (const part of ['**What happened.**', '**Why.**', '**What to do.**', '**Outcome**'])
      expect(text).toContain(part);
    expect(text).toContain(`**Outcome** ${ERROR_CODES[code].outcome}`);
    for (const detail of Object.keys(ERROR_CODES[code].details)) expect(text).toContain(`\`${detail}\``);
  });
});
