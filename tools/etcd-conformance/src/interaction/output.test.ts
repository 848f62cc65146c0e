import { expect, test } from 'vitest';
import { Output } from './output.js';

test('lines below the level are held back', () => {
  const output = new Output();
  expect(output.setLevel('warn')).toBe(true);
  output.log('DEBUG', 'a');
  output.log('INFO', 'b');
  output.log('WARN', 'c');
  output.log('ERROR', 'd');
  output.writeLine('text');
  expect(output.text).toBe('WARN c\nERROR d\ntext\n');
});

test('level none silences the harness as well', () => {
  const output = new Output();
  output.setLevel('NONE');
  output.log('ERROR', 'a');
  output.indented(() => output.writeLine('b'));
  expect(output).toMatchObject({ text: '', isQuiet: true });
});

test('an unknown level changes nothing', () => {
  const output = new Output();
  expect(output.setLevel('chatty')).toBe(false);
  expect(output.level).toBe(0);
});

test('indented text keeps its place and ends with a newline', () => {
  const output = new Output();
  output.writeLine('> 1');
  output.indented(() => {
    output.writeLine('a');
    output.indented(() => output.write('b\nc'));
  });
  output.writeLine('d');
  expect(output.text).toBe('> 1\n  a\n    b\n    c\nd\n');
});
