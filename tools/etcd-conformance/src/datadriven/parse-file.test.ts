import { describe, expect, test } from 'vitest';
import { parseDataDrivenFile } from './parse-file.js';

const parsed = (...lines: readonly string[]) => parseDataDrivenFile(lines.join('\n'));

describe('file of directives', () => {
  test('comments and blank lines before a directive are skipped, input and answer are kept', () => {
    expect(
      parsed(
        '# comment',
        '',
        'cmd 1',
        'first',
        '  second  ',
        '----',
        'answer',
        '# no comment',
        '',
        'next',
        '----',
        'ok',
      ),
    ).toEqual([
      {
        line: 3,
        source: 'cmd 1',
        command: 'cmd',
        arguments: [{ key: '1', values: [] }],
        input: 'first\n  second',
        expected: 'answer\n# no comment\n',
      },
      { line: 10, source: 'next', command: 'next', arguments: [], input: '', expected: 'ok\n' },
    ]);
  });

  test('an answer ends at the first blank line, also one of spaces, or at the end of the file', () => {
    expect(parsed('a', '----', 'one', '   ', 'b', '----', 'two').map(({ expected }) => expected)).toEqual([
      'one\n',
      'two\n',
    ]);
  });

  test('an empty answer', () => {
    expect(parsed('a', '----', '', 'b', '----').map(({ expected }) => expected)).toEqual(['', '']);
  });

  test('a backslash continues the command line', () => {
    const [directive] = parsed('add-nodes 3 \\', '  voters=(1,2,3) \\', '  index=2', 'input', '----', 'ok');
    expect(directive?.arguments.map(({ key }) => key)).toEqual(['3', 'voters', 'index']);
    expect(directive).toMatchObject({ line: 1, input: 'input', expected: 'ok\n' });
  });

  test('doubled separators hold an answer with blank lines', () => {
    expect(parsed('a', '----', '----', 'one', '', '----', 'two', '----', '----', '', 'b', '----', 'ok')).toMatchObject([
      { command: 'a', expected: 'one\n\n----\ntwo\n' },
      { command: 'b', expected: 'ok\n' },
    ]);
  });

  test('text right after the doubled separators is an error with its line', () => {
    expect(() => parsed('a', '----', '----', 'one', '----', '----', 'two')).toThrow('line 7');
  });

  test('a directive without a separator expects nothing', () => {
    expect(parsed('a', 'input')).toMatchObject([{ command: 'a', input: 'input', expected: '' }]);
  });

  test('subtest lines only group', () => {
    expect(parsed('subtest one', '', 'a', '----', 'ok', '', 'subtest end').map(({ command }) => command)).toEqual([
      'a',
    ]);
  });

  test('line ends of Windows', () => {
    expect(parseDataDrivenFile('a\r\n----\r\nok\r\n')).toMatchObject([{ command: 'a', expected: 'ok\n' }]);
  });

  test('a command line that does not parse is an error with its line', () => {
    expect(() => parsed('', '# x', 'a b=(1')).toThrow('line 3: cannot parse directive at column 5');
  });
});
