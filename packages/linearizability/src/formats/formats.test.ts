import { describe, expect, test } from 'vitest';
import {
  formatJsonLines,
  type JsonValue,
  MalformedFile,
  parseEtcdJepsen,
  parseHistory,
  parseJsonLines,
  parsePorcupineKv,
} from '../formats.js';
import { checkLinearizability, type History } from '../index.js';

const log = (...lines: readonly string[]) => lines.map((line) => `INFO  jepsen.util - ${line}\n`).join('');

describe('etcd-jepsen', () => {
  test('reads, writes and compare-and-sets, with their times', () => {
    const text = log(
      '0\t:invoke\t:write\t1',
      '1  :invoke  :read   nil',
      '0\t:ok\t:write\t1',
      '1\t:ok\t:read\t1',
      '0\t:invoke\t:cas\t[1 2]',
      '0\t:fail\t:cas\t[1 2]',
    );
    expect(parseEtcdJepsen(text)).toEqual([
      { process: 0, input: { type: 'write', value: 1 }, output: null, callAt: 0, returnAt: 2 },
      { process: 1, input: { type: 'read' }, output: 1, callAt: 1, returnAt: 3 },
      { process: 0, input: { type: 'cas', from: 1, to: 2 }, output: false, callAt: 4, returnAt: 5 },
    ]);
  });

  test('time-outs of reads tell nothing, those of writes may take effect later', () => {
    const text = log(
      '0 :invoke :read nil',
      '0 :fail :read :timed-out',
      '1 :invoke :cas [1 2]',
      '1 :info :cas :timed-out',
      '2 :invoke :write 3',
    );
    expect(parseEtcdJepsen(text)).toEqual([
      { process: 1, input: { type: 'cas', from: 1, to: 2 }, callAt: 1, indeterminate: true },
      { process: 2, input: { type: 'write', value: 3 }, callAt: 2, indeterminate: true },
    ]);
  });

  test('passes over other loggers, the nemesis and blank lines', () => {
    const text = `INFO  jepsen.core - starting\n\n${log(':nemesis :info :start nil', '0 :invoke :read nil', '0 :ok :read nil')}`;
    expect(parseEtcdJepsen(text)).toHaveLength(1);
  });

  test.each([
    ['hello\n', 1, 'not of the form'],
    [log('0 :invoke :read nil', '0 :invoke :read nil'), 2, 'its last call is open'],
    [log('0 :ok :read 1'), 1, 'not open'],
    [log('0 :invoke :read 3'), 1, 'a read of 3'],
    [log('0 :invoke :write x'), 1, 'not an integer'],
    [log('0 :invoke :cas 3'), 1, 'not [FROM TO]'],
    [log('0 :invoke :pop nil'), 1, 'no operation is called :pop'],
    [log('x :invoke :read nil'), 1, 'not the number of a process'],
    [log('0 :invoke :write 1', '0 :ok :read 1'), 2, 'called write'],
    [log('0 :invoke :write 1', '0 :ok :write 2'), 2, 'did not call'],
    [log('0 :invoke :write 1', '0 :ok :write :timed-out'), 2, 'and yet ok'],
    ['', 0, 'there is no call'],
  ])('malformed: %j', (text, line, message) => {
    expect(failure(() => parseEtcdJepsen(text))).toEqual({ line, message: expect.stringContaining(message) });
  });
});

const kv = (process: number, type: string, f: string, key: string, value: string) =>
  `{:process ${process}, :type :${type}, :f :${f}, :key "${key}", :value ${value}}\n`;

describe('porcupine-kv', () => {
  test('gets, puts and appends, over lines in any form of EDN', () => {
    const text = `${kv(0, 'invoke', 'put', 'k', '"a \\"b\\" \\u0041"')}{:type :ok :key "k" :value nil :f :put :process 0}
${kv(1, 'invoke', 'get', 'k', 'nil')}${kv(1, 'ok', 'get', 'k', '"a"')}${kv(1, 'invoke', 'append', 'k', '"z"')}`;
    expect(parsePorcupineKv(text)).toEqual([
      { process: 0, input: { type: 'put', key: 'k', value: 'a "b" A' }, output: null, callAt: 0, returnAt: 1 },
      { process: 1, input: { type: 'get', key: 'k' }, output: 'a', callAt: 2, returnAt: 3 },
      { process: 1, input: { type: 'append', key: 'k', value: 'z' }, callAt: 4, indeterminate: true },
    ]);
  });

  test('an absent key is the empty string', () => {
    const text = kv(0, 'invoke', 'get', 'k', 'nil') + kv(0, 'ok', 'get', 'k', '""');
    const { model, history } = parseHistory('porcupine-kv', text);
    expect(checkLinearizability(model, history).verdict).toBe('linearizable');
  });

  test.each([
    ['[]', 1, 'cannot be read'],
    ['{:process 0', 1, 'cannot be read'],
    ['{:process 0} x', 1, 'goes on after its map'],
    ['{:process 0 :process 1}', 1, ':process twice'],
    ['{:process "a"}', 1, ':process is not a number'],
    ['{:process 0 :type :invoke :f :pop :key "k"}', 1, ':f is none of'],
    ['{:process 0 :type :invoke :f :get :key 7}', 1, ':key is not a string'],
    [kv(0, 'invoke', 'put', 'k', 'nil'), 1, ':value is not a string'],
    [kv(0, 'invoke', 'put', 'k', '"\\q"'), 1, 'is no escape'],
    [kv(0, 'invoke', 'get', 'k', 'nil') + kv(0, 'ok', 'get', 'j', '""'), 2, 'did not call'],
    [kv(0, 'invoke', 'get', 'k', 'nil') + kv(0, 'done', 'get', 'k', '""'), 2, ':type is none of'],
  ])('malformed: %j', (text, line, message) => {
    expect(failure(() => parsePorcupineKv(text))).toEqual({ line, message: expect.stringContaining(message) });
  });
});

describe('jsonl', () => {
  const history: History<JsonValue, JsonValue> = [
    { process: 'a', input: { type: 'write', value: 1 }, output: null, callAt: 0, returnAt: 2.5 },
    { process: 1, key: 'x "y"', input: { type: 'read' }, output: 1, callAt: 1, returnAt: 3 },
    { process: 2, input: { type: 'write', value: 'é\n' }, callAt: 4, indeterminate: true },
  ];

  test('what is written is read back', () => {
    const text = formatJsonLines(history, 'register');
    expect(parseJsonLines(text)).toEqual({ model: 'register', history, lines: [2, 3, 4] });
    expect(formatJsonLines(parseJsonLines(text).history, 'register')).toBe(text);
    expect(parseJsonLines(formatJsonLines(history))).toEqual({ history, lines: [1, 2, 3] });
  });

  test('the caller, or the file, names the model', () => {
    const text = '{"process":1,"input":{"type":"read"},"output":null,"call":0,"return":1}\n';
    expect(parseHistory('jsonl', text, 'register').model.name).toBe('register');
    expect(parseHistory('jsonl', `{"model":"register"}\n${text}`).model.name).toBe('register');
    expect(failure(() => parseHistory('jsonl', text)).message).toContain('no model is named');
    expect(failure(() => parseHistory('jsonl', text, 'toString')).message).toContain('no model is called toString');
  });

  const line = (fields: object) =>
    JSON.stringify({ process: 1, input: { type: 'read' }, output: 1, call: 0, return: 1, ...fields });

  test.each([
    ['{', 1, ''],
    ['[]', 1, 'not a JSON object'],
    [`${line({})}\n{"model":"register"}`, 2, 'in the first line'],
    ['{"model":7}', 1, 'a model is'],
    [line({ process: null }), 1, '"process"'],
    [line({ key: 1 }), 1, '"key"'],
    [line({ call: 'x' }), 1, '"call"'],
    [line({ return: undefined }), 1, 'without a "return"'],
    [line({ output: undefined }), 1, 'without an "output"'],
    [line({ call: 5 }), 1, 'before its call'],
    [line({ extra: 1 }), 1, '"extra" is no field'],
    [line({ input: 3 }), 1, 'the input is not an object'],
    [line({ input: { type: 'pop' } }), 1, 'none of read, write'],
    [`${line({})}\n\n${line({ input: { type: 'write' } })}`, 3, '"value" is not a value'],
    [line({ input: { type: 'write', value: 1 }, output: 3 }), 1, 'the output is not null'],
    ['\n', 0, 'there is no operation'],
  ])('malformed: %j', (text, number, message) => {
    expect(failure(() => parseHistory('jsonl', text, 'register'))).toEqual({
      line: number,
      message: expect.stringContaining(message),
    });
  });
});

function failure(parse: () => unknown): { readonly line: number; readonly message: string } {
  try {
    parse();
  } catch (error) {
    if (error instanceof MalformedFile) return { line: error.line, message: error.message };
    throw error;
  }
  throw new Error('it was read');
}
