import { type History, isIndeterminate, type Operation } from '../history/operation.js';
import { MalformedFile } from './malformed-file.js';

/** What JSON can say. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** A history as a file says it. */
export interface JsonLinesHistory {
  /** Name of the model that the file names in its first line, if it does. */
  readonly model?: string;
  readonly history: History<JsonValue, JsonValue>;
  /** Line of each operation, from 1 on. */
  readonly lines: readonly number[];
}

/**
 * One JSON object a line. The first may be `{"model": NAME}`; each other one is an operation:
 * `{"process": 1, "key": "x", "input": …, "output": …, "call": 3, "return": 7}`, with `process` a number or string, `key` optional, and
 * neither `output` nor `return` where the operation is indeterminate. Operations may stand in any order.
 * @throws {MalformedFile}
 */
export function parseJsonLines(text: string): JsonLinesHistory {
  let model: string | undefined;
  const history: Operation<JsonValue, JsonValue>[] = [];
  const lines: number[] = [];
  for (const [index, content] of text.split(/\r?\n/).entries()) {
    if (content.trim() === '') continue;
    const line = index + 1;
    const fields = objectOf(line, content);
    if (fields.has('model')) {
      const name = fields.get('model');
      if (typeof name !== 'string' || fields.size > 1) throw new MalformedFile(line, 'a model is {"model": NAME}');
      if (history.length > 0 || model !== undefined)
        throw new MalformedFile(line, 'the model stands in the first line');
      model = name;
      continue;
    }
    history.push(operationOf(line, fields));
    lines.push(line);
  }
  if (history.length === 0) throw new MalformedFile(0, 'there is no operation in it');
  return model === undefined ? { history, lines } : { model, history, lines };
}

/** Writes a history as `parseJsonLines` reads it. Inputs and outputs must be what JSON can say. */
export function formatJsonLines<Input extends JsonValue, Output extends JsonValue>(
  history: History<Input, Output>,
  model?: string,
): string {
  const lines = history.map((operation) => {
    const { process, key, input, callAt } = operation;
    const called = { process, ...(key === undefined ? {} : { key }), input };
    if (isIndeterminate(operation)) return JSON.stringify({ ...called, call: callAt });
    return JSON.stringify({ ...called, output: operation.output, call: callAt, return: operation.returnAt });
  });
  if (model !== undefined) lines.unshift(JSON.stringify({ model }));
  return lines.map((line) => `${line}\n`).join('');
}

function objectOf(line: number, content: string): Map<string, JsonValue> {
  let value: JsonValue;
  try {
    value = JSON.parse(content) as JsonValue;
  } catch (error) {
    throw new MalformedFile(line, error instanceof Error ? error.message : 'is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MalformedFile(line, 'is not a JSON object');
  }
  return new Map(Object.entries(value));
}

const FIELDS = new Set(['process', 'key', 'input', 'output', 'call', 'return']);

function operationOf(line: number, fields: ReadonlyMap<string, JsonValue>): Operation<JsonValue, JsonValue> {
  for (const name of fields.keys()) if (!FIELDS.has(name)) throw new MalformedFile(line, `"${name}" is no field`);
  const process = fields.get('process');
  const key = fields.get('key');
  const input = fields.get('input');
  if (typeof process !== 'number' && typeof process !== 'string') {
    throw new MalformedFile(line, '"process" is neither a number nor a string');
  }
  if (key !== undefined && typeof key !== 'string') throw new MalformedFile(line, '"key" is not a string');
  if (input === undefined) throw new MalformedFile(line, 'there is no "input"');
  const callAt = instant(line, fields, 'call');
  const called = { process, ...(key === undefined ? {} : { key }), input, callAt };
  const output = fields.get('output');
  if (!fields.has('return')) {
    if (output !== undefined) throw new MalformedFile(line, 'an "output" without a "return"');
    return { ...called, indeterminate: true };
  }
  const returnAt = instant(line, fields, 'return');
  if (output === undefined) throw new MalformedFile(line, 'a "return" without an "output"');
  if (returnAt < callAt) throw new MalformedFile(line, `returned at ${returnAt}, before its call at ${callAt}`);
  return { ...called, output, returnAt };
}

function instant(line: number, fields: ReadonlyMap<string, JsonValue>, name: string): number {
  const value = fields.get(name);
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new MalformedFile(line, `"${name}" is not a number`);
  return value;
}
