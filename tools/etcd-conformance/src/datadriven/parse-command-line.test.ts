import { describe, expect, test } from 'vitest';
import { DirectiveError } from './directive.js';
import { parseCommandLine } from './parse-command-line.js';

describe('command line of a directive', () => {
  test('a bare command', () => {
    expect(parseCommandLine('raft-state')).toEqual({ command: 'raft-state', arguments: [] });
  });

  test('words, values, lists and the empty value', () => {
    expect(parseCommandLine('add-nodes 3 voters=(1,2, 3) index=10 content= x=()')).toEqual({
      command: 'add-nodes',
      arguments: [
        { key: '3', values: [] },
        { key: 'voters', values: ['1', '2', '3'] },
        { key: 'index', values: ['10'] },
        { key: 'content', values: [''] },
        { key: 'x', values: [''] },
      ],
    });
  });

  test('commas within nested parentheses do not end a value', () => {
    expect(parseCommandLine('c a=((1,2),  b(c,(d,e)),3)').arguments).toEqual([
      { key: 'a', values: ['(1,2)', 'b(c,(d,e))', '3'] },
    ]);
  });

  test('several spaces between arguments count as one', () => {
    expect(parseCommandLine('  tick   a   b=1 ').arguments).toEqual([
      { key: 'a', values: [] },
      { key: 'b', values: ['1'] },
    ]);
  });

  test.each([
    ['c a=(1,2', 'column 5'],
    ['c =1', 'column 3'],
    ['', 'column 1'],
  ])('%j is refused with its place', (line, place) => {
    expect(() => parseCommandLine(line)).toThrow(DirectiveError);
    expect(() => parseCommandLine(line)).toThrow(place);
  });
});
