import type { History } from '../history/operation.js';
import type { KeyValueInput, KeyValueOutput } from '../models/key-value.js';
import { type EdnValue, parseEdnMap } from './edn-map.js';
import { LineRecorder } from './line-recorder.js';
import { MalformedFile } from './malformed-file.js';

/**
 * A history of a store of strings with get, put and append, as in Porcupine's test data: one EDN map a line,
 * `{:process 3, :type :invoke, :f :append, :key "k", :value "v"}`, types `:invoke`, `:ok`, `:fail` and `:info`. An absent key reads as the
 * empty string. A call without end is indeterminate.
 * @throws {MalformedFile}
 */
export function parsePorcupineKv(text: string): History<KeyValueInput<string>, KeyValueOutput<string>> {
  const recorder = new LineRecorder<KeyValueInput<string>, KeyValueOutput<string>>();
  for (const [index, content] of text.split(/\r?\n/).entries()) {
    if (content.trim() === '') continue;
    const line = index + 1;
    const map = parseEdnMap(line, content);
    const process = map.get(':process');
    if (typeof process !== 'number') throw new MalformedFile(line, ':process is not a number');
    const type = map.get(':type');
    if (type === ':invoke') {
      recorder.invoke(line, process, inputOf(line, map));
      continue;
    }
    const input = recorder.called(line, process);
    if (map.get(':f') !== `:${input.type}` || textOf(line, map, ':key') !== input.key) {
      throw new MalformedFile(line, `ends what process ${process} did not call`);
    }
    if (type === ':ok') recorder.end(process, { output: input.type === 'get' ? textOf(line, map, ':value') : null });
    else if (type === ':fail' || (type === ':info' && input.type === 'get')) recorder.end(process, 'fail');
    else if (type === ':info') recorder.end(process, 'info');
    else throw new MalformedFile(line, ':type is none of :invoke, :ok, :fail, :info');
  }
  return recorder.history();
}

function inputOf(line: number, map: ReadonlyMap<string, EdnValue>): KeyValueInput<string> {
  const key = textOf(line, map, ':key');
  switch (map.get(':f')) {
    case ':get':
      return { type: 'get', key };
    case ':put':
      return { type: 'put', key, value: textOf(line, map, ':value') };
    case ':append':
      return { type: 'append', key, value: textOf(line, map, ':value') };
    default:
      throw new MalformedFile(line, ':f is none of :get, :put, :append');
  }
}

function textOf(line: number, map: ReadonlyMap<string, EdnValue>, name: string): string {
  const value = map.get(name);
  if (typeof value !== 'object' || value === null) throw new MalformedFile(line, `${name} is not a string`);
  return value.text;
}
