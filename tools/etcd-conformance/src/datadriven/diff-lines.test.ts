import { expect, test } from 'vitest';
import { diffLines } from './diff-lines.js';

test('equal texts have no difference', () => {
  expect(diffLines('a\nb\n', 'a\nb\n')).toEqual(['  …']);
});

test('what was expected and what came, in their context', () => {
  expect(diffLines('a\nb\nc\n', 'a\nx\nc\n')).toEqual(['  a', '- b', '+ x', '  c']);
});

test('lines that are missing, and lines that are too many', () => {
  expect(diffLines('a\nb\n', 'a\n')).toEqual(['  a', '- b']);
  expect(diffLines('a\n', 'a\nb\n')).toEqual(['  a', '+ b']);
  expect(diffLines('', 'a\n')).toEqual(['+ a']);
});

test('unchanged stretches are cut', () => {
  const lines = Array.from({ length: 20 }, (_, line) => String(line));
  const changed = lines.with(10, 'x');
  expect(diffLines(lines.join('\n'), changed.join('\n'))).toEqual([
    '  …',
    '  7',
    '  8',
    '  9',
    '- 10',
    '+ x',
    '  11',
    '  12',
    '  13',
    '  …',
  ]);
});
