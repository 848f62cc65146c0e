import type { History } from '../history/operation.js';
import type { CompareAndSetInput, CompareAndSetOutput } from '../models/compare-and-set-register.js';
import { LineRecorder } from './line-recorder.js';
import { MalformedFile } from './malformed-file.js';

const OTHER_LOGGER = /^(?:\S+ )*(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\s+(?!jepsen\.util\s)\S+\s+-(?:\s|$)/;
const ENTRY = /^(?:.*\s)?INFO\s+jepsen\.util\s+-\s+(\S+)\s+:(invoke|ok|fail|info)\s+:(\S+)\s+(.*?)\s*$/;
const INTEGER = /^-?\d+$/;
const PAIR = /^\[(nil|-?\d+)\s+(-?\d+)\]$/;

/**
 * The log of a Jepsen test of one compare-and-set register: lines `INFO jepsen.util - PROCESS TYPE OPERATION VALUE`. Lines of other loggers
 * and of the nemesis are passed over. A cas that failed is an observation; a time-out of a write or cas is indeterminate, of a read nothing.
 * @throws {MalformedFile}
 */
export function parseEtcdJepsen(text: string): History<CompareAndSetInput<number>, CompareAndSetOutput<number>> {
  const recorder = new LineRecorder<CompareAndSetInput<number>, CompareAndSetOutput<number>>();
  for (const [index, content] of text.split(/\r?\n/).entries()) {
    if (content.trim() === '' || OTHER_LOGGER.test(content)) continue;
    const line = index + 1;
    const [, process, type, operation, value] = ENTRY.exec(content) ?? [];
    if (process === undefined || operation === undefined || value === undefined) {
      throw new MalformedFile(line, 'not of the form INFO jepsen.util - PROCESS TYPE OPERATION VALUE');
    }
    if (process === ':nemesis') continue;
    if (!INTEGER.test(process)) throw new MalformedFile(line, `${process} is not the number of a process`);
    const entry: Entry = { line, process: Number(process), operation, value };
    if (type === 'invoke') recorder.invoke(line, entry.process, inputOf(entry));
    else complete(recorder, entry, type);
  }
  return recorder.history();
}

interface Entry {
  readonly line: number;
  readonly process: number;
  readonly operation: string;
  readonly value: string;
}

function inputOf({ line, operation, value }: Entry): CompareAndSetInput<number> {
  if (operation === 'read') {
    if (value !== 'nil') throw new MalformedFile(line, `a read of ${value}`);
    return { type: 'read' };
  }
  if (operation === 'write') return { type: 'write', value: integer(line, value) };
  const [, from, to] = PAIR.exec(value) ?? [];
  if (operation !== 'cas') throw new MalformedFile(line, `no operation is called :${operation}`);
  if (from === undefined || to === undefined) throw new MalformedFile(line, `a cas of ${value}, not [FROM TO]`);
  return { type: 'cas', from: from === 'nil' ? null : Number(from), to: integer(line, to) };
}

function complete(
  recorder: LineRecorder<CompareAndSetInput<number>, CompareAndSetOutput<number>>,
  entry: Entry,
  type: string | undefined,
): void {
  const { line, process, operation, value } = entry;
  const input = recorder.called(line, process);
  if (input.type !== operation)
    throw new MalformedFile(line, `ends a ${operation}, but process ${process} called ${input.type}`);
  if (type === 'info' || value === ':timed-out') {
    if (type === 'ok') throw new MalformedFile(line, 'timed out, and yet ok');
    // Nobody depends on a read that was not answered.
    return recorder.end(process, input.type === 'read' ? 'fail' : 'info');
  }
  if (input.type === 'read') {
    if (type === 'fail') return recorder.end(process, 'fail');
    return recorder.end(process, { output: value === 'nil' ? null : integer(line, value) });
  }
  const isSame = JSON.stringify(inputOf(entry)) === JSON.stringify(input);
  if (!isSame) throw new MalformedFile(line, `ends a ${operation} of ${value}, which process ${process} did not call`);
  if (input.type === 'cas') return recorder.end(process, { output: type === 'ok' });
  recorder.end(process, type === 'ok' ? { output: null } : 'fail');
}

function integer(line: number, text: string): number {
  const value = Number(text);
  if (!INTEGER.test(text) || !Number.isSafeInteger(value)) throw new MalformedFile(line, `${text} is not an integer`);
  return value;
}
