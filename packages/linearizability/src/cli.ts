import { checkLinearizability } from './check/check-linearizability.js';
import type { Verdict, VerdictKind } from './check/verdict.js';
import { MalformedFile } from './formats/malformed-file.js';
import { NAMED_MODELS } from './formats/named-models.js';
import { HISTORY_FORMATS, type HistoryFormat, type ParsedHistory, parseHistory } from './formats/parse-history.js';
import { drawHtml } from './picture/html.js';
import { drawText } from './picture/text.js';

/** What the command needs of the system that it runs on. Paths are as they were given. */
export interface CliSystem {
  /** The entries of a folder by name, `undefined` when the path is a file. @throws when there is nothing there. */
  readonly list: (path: string) => readonly string[] | undefined;
  readonly read: (path: string) => string;
  readonly write: (path: string, text: string) => void;
  /** A line for the standard output. */
  readonly print: (line: string) => void;
  /** A line for the standard error. */
  readonly complain: (line: string) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const USAGE = `usage: linearizability --format FORMAT [OPTIONS] FILES|FOLDERS

Checks recorded histories. Prints a line for each file: its name, its verdict (linearizable, not linearizable
or unknown) and the milliseconds it took.

  --format FORMAT   ${HISTORY_FORMATS.join(', ')}; of a folder, the files whose names end in
                    .log, .txt and .jsonl are read, in that order of formats
  --model MODEL     for jsonl, if the file names none: ${Object.keys(NAMED_MODELS).slice(0, 4).join(', ')},
                    ${Object.keys(NAMED_MODELS).slice(4).join(', ')}
  --timeout S       seconds for each file, 60 if not given; then its verdict is unknown
  --html FILE       a picture of the first history that is not linearizable (or, with none, is unknown)
  --explain         below each line that is not linearizable, a picture in plain text
  --expect FILE     verdicts as they should be, a line each: NAME VERDICT; NAME is the end of a path

Exit code: 0 all linearizable, 1 one is not, 2 one is unknown or unreadable, or the command is not understood.
With --expect: 0 all as expected, 1 one is not, 2 the command is not understood.`;

const EXTENSIONS: Readonly<Record<HistoryFormat, string>> = {
  'etcd-jepsen': '.log',
  'porcupine-kv': '.txt',
  jsonl: '.jsonl',
};
const WORDS: Readonly<Record<VerdictKind, string>> = {
  linearizable: 'linearizable',
  'not-linearizable': 'not linearizable',
  unknown: 'unknown',
};
const CONFIGURATIONS = 12_000_000;

/** The command was not understood. */
class UsageError extends Error {}

interface Arguments {
  readonly format: HistoryFormat;
  readonly model: string | undefined;
  readonly timeoutMs: number;
  readonly html: string | undefined;
  readonly explains: boolean;
  readonly expect: string | undefined;
  readonly paths: readonly string[];
}

interface Checked {
  readonly path: string;
  readonly verdict: VerdictKind;
}

/** The command `linearizability`. Gives the exit code. */
export function runCli(words: readonly string[], system: CliSystem): number {
  if (words.includes('--help') || words.includes('-h')) {
    system.print(USAGE);
    return 0;
  }
  try {
    const wanted = parseArguments(words);
    const files = wanted.paths.flatMap((path) => filesOf(path, EXTENSIONS[wanted.format], system));
    if (files.length === 0) throw new UsageError(`no files that end in ${EXTENSIONS[wanted.format]}`);
    const checked = checkFiles(files, wanted, system);
    return wanted.expect === undefined ? exitCode(checked) : compare(checked, wanted.expect, system);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    system.complain(error.message);
    system.complain('linearizability --help tells more');
    return 2;
  }
}

function parseArguments(words: readonly string[]): Arguments {
  const named = new Map<string, string>();
  const paths: string[] = [];
  const options = new Set(['--format', '--model', '--timeout', '--html', '--expect']);
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--explain') named.set(word, word);
    else if (options.has(word)) {
      const value = words[++at];
      if (value === undefined) throw new UsageError(`${word} wants a value`);
      named.set(word, value);
    } else if (word.startsWith('-')) throw new UsageError(`there is no option ${word}`);
    else paths.push(word);
  }
  const format = HISTORY_FORMATS.find((name) => name === named.get('--format'));
  if (format === undefined) throw new UsageError(`--format is one of ${HISTORY_FORMATS.join(', ')}`);
  const seconds = Number(named.get('--timeout') ?? 60);
  if (!(seconds > 0)) throw new UsageError('--timeout is a number of seconds');
  const model = named.get('--model');
  if (model !== undefined && format !== 'jsonl') throw new UsageError(`files of ${format} have their model`);
  if (model !== undefined && !Object.hasOwn(NAMED_MODELS, model)) {
    throw new UsageError(`--model is one of ${Object.keys(NAMED_MODELS).join(', ')}`);
  }
  if (paths.length === 0) throw new UsageError('no files are named');
  return {
    format,
    model,
    timeoutMs: seconds * 1_000,
    html: named.get('--html'),
    explains: named.has('--explain'),
    expect: named.get('--expect'),
    paths,
  };
}

function filesOf(path: string, extension: string, system: CliSystem): readonly string[] {
  let entries: readonly string[] | undefined;
  try {
    entries = system.list(path);
  } catch (error) {
    throw new UsageError(`${path}: ${error instanceof Error ? error.message : 'cannot be read'}`);
  }
  if (entries === undefined) return [path];
  const below = entries.toSorted().filter((name) => !name.startsWith('.') && name !== 'node_modules');
  return below.flatMap((name) => {
    const child = `${path.replace(/\/+$/, '')}/${name}`;
    return system.list(child) === undefined && !name.endsWith(extension) ? [] : filesOf(child, extension, system);
  });
}

function checkFiles(files: readonly string[], wanted: Arguments, system: CliSystem): readonly Checked[] {
  const width = Math.max(...files.map((path) => path.length));
  let picture: { readonly verdict: VerdictKind; readonly html: () => string } | undefined;
  const checked: Checked[] = [];
  for (const path of files) {
    const start = system.now();
    const parsed = parse(path, wanted, system);
    const result = parsed === undefined ? undefined : check(parsed, wanted, system);
    const verdict = result?.verdict ?? 'unknown';
    const elapsed = Math.round(system.now() - start);
    system.print(`${path.padEnd(width)}  ${WORDS[verdict].padEnd(16)}  ${elapsed} ms`);
    checked.push({ path, verdict });
    if (parsed === undefined || result === undefined || verdict === 'linearizable') continue;
    if (picture === undefined || (picture.verdict === 'unknown' && verdict === 'not-linearizable')) {
      picture = { verdict, html: () => drawHtml(parsed.model, result, { title: path }) };
    }
    if (wanted.explains && verdict === 'not-linearizable') system.print(drawText(parsed.model, result));
  }
  if (wanted.html !== undefined && picture !== undefined) system.write(wanted.html, picture.html());
  return checked;
}

function parse(path: string, { format, model }: Arguments, system: CliSystem): ParsedHistory | undefined {
  try {
    return parseHistory(format, system.read(path), model);
  } catch (error) {
    const isUnreadable = error instanceof MalformedFile || (error instanceof Error && 'code' in error);
    if (!isUnreadable) throw error;
    system.complain(`${path}: ${error.message}`);
    return undefined;
  }
}

function check({ model, history }: ParsedHistory, { timeoutMs }: Arguments, { now }: CliSystem) {
  const budget = { milliseconds: timeoutMs, configurations: CONFIGURATIONS };
  return checkLinearizability(model, history, { budget, now }) satisfies Verdict<unknown, unknown>;
}

function exitCode(checked: readonly Checked[]): number {
  if (checked.some(({ verdict }) => verdict === 'not-linearizable')) return 1;
  return checked.some(({ verdict }) => verdict === 'unknown') ? 2 : 0;
}

/** Compares with what was expected; what is expected and was not checked counts as different. */
function compare(checked: readonly Checked[], path: string, system: CliSystem): number {
  let text: string;
  try {
    text = system.read(path);
  } catch (error) {
    throw new UsageError(`${path}: ${error instanceof Error ? error.message : 'cannot be read'}`);
  }
  let differences = 0;
  const isExpected = new Set<string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name, word] = /^(\S+)\s+(linearizable|not linearizable|unknown)\s*$/.exec(line) ?? [];
    if (name === undefined) throw new UsageError(`${path}: line ${index + 1}: not of the form NAME VERDICT`);
    const found = checked.filter((file) => file.path === name || file.path.endsWith(`/${name}`));
    for (const file of found) isExpected.add(file.path);
    const wrong = found.filter(({ verdict }) => WORDS[verdict] !== word);
    for (const { path: file, verdict } of wrong) system.complain(`${file}: ${WORDS[verdict]}, expected ${word}`);
    if (found.length === 0) system.complain(`${name}: expected ${word}, was not checked`);
    differences += wrong.length + (found.length === 0 ? 1 : 0);
  }
  for (const { path: file } of checked) {
    if (isExpected.has(file)) continue;
    system.complain(`${file}: nothing is expected of it`);
    differences++;
  }
  return differences === 0 ? 0 : 1;
}
