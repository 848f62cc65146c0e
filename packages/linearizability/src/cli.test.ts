import { describe, expect, test } from 'vitest';
import { runCli } from './cli.js';

const OPERATION = (output: number | null, call: number, end: number) =>
  `{"process":1,"input":{"type":"read"},"output":${output},"call":${call},"return":${end}}\n`;
const WRITE = '{"process":2,"input":{"type":"write","value":1},"output":null,"call":0,"return":1}\n';
const OK = `{"model":"register"}\n${WRITE}${OPERATION(1, 2, 3)}`;
const BAD = `{"model":"register"}\n${WRITE}${OPERATION(null, 2, 3)}`;

function run(words: readonly string[], files: Readonly<Record<string, string>> = {}) {
  const printed: string[] = [];
  const complaints: string[] = [];
  const written: Record<string, string> = {};
  let time = 0;
  const code = runCli(words, {
    list(path) {
      if (Object.hasOwn(files, path)) return undefined;
      const below = Object.keys(files).filter((name) => name.startsWith(`${path}/`));
      if (below.length === 0) throw new Error('no such file');
      return [...new Set(below.map((name) => name.slice(path.length + 1).split('/')[0] ?? ''))];
    },
    read: (path) => files[path] ?? '',
    write: (path, text) => (written[path] = text),
    print: (line) => printed.push(line),
    complain: (line) => complaints.push(line),
    now: () => (time += 2),
  });
  return { code, printed, complaints, written };
}

describe('the command', () => {
  test('prints a line for each file and says by its exit code whether all are linearizable', () => {
    const files = { 'a.jsonl': OK, 'bad.jsonl': BAD };
    expect(run(['--format', 'jsonl', 'a.jsonl', 'bad.jsonl'], files)).toMatchObject({
      code: 1,
      printed: [
        expect.stringMatching(/^a\.jsonl {4}linearizable {6}\d+ ms$/),
        expect.stringMatching(/^bad\.jsonl {2}not linearizable {2}\d+ ms$/),
      ],
    });
    expect(run(['--format', 'jsonl', 'a.jsonl'], files).code).toBe(0);
  });

  test('looks through folders for the files of its format', () => {
    const files = { 'h/x/1.jsonl': OK, 'h/2.jsonl': OK, 'h/notes.md': '', 'h/.hidden.jsonl': BAD };
    const { code, printed } = run(['--format', 'jsonl', 'h'], files);
    expect(code).toBe(0);
    expect(printed.map((line) => line.split(' ')[0])).toEqual(['h/2.jsonl', 'h/x/1.jsonl']);
  });

  test('a file that cannot be read is unknown, with the line', () => {
    const { code, printed, complaints } = run(['--format', 'jsonl', 'x.jsonl'], { 'x.jsonl': `${OK}x\n` });
    expect({ code, printed }).toEqual({ code: 2, printed: [expect.stringContaining('unknown')] });
    expect(complaints).toEqual([expect.stringContaining('x.jsonl: line 4:')]);
  });

  test('one that is not linearizable counts for more than one that is unknown', () => {
    expect(run(['--format', 'jsonl', 'x', 'y'], { x: '', y: BAD }).code).toBe(1);
  });

  test('draws the first that is not linearizable', () => {
    const { written } = run(['--format', 'jsonl', '--html', 'out.html', 'a', 'b'], { a: OK, b: BAD });
    expect(written['out.html']).toContain('<title>b</title>');
    expect(run(['--format', 'jsonl', '--explain', 'b'], { b: BAD }).printed[1]).toContain('! 1  read → null');
  });

  test('compares with verdicts that are expected', () => {
    const words = ['--format', 'jsonl', '--expect', 'want', 'h/a.jsonl', 'h/b.jsonl'];
    const files = { 'h/a.jsonl': OK, 'h/b.jsonl': BAD };
    const right = '# verdicts\na.jsonl linearizable\nh/b.jsonl not linearizable\n';
    expect(run(words, { ...files, want: right })).toMatchObject({ code: 0, complaints: [] });
    expect(run(words, { ...files, want: right.replace('not ', '') })).toMatchObject({
      code: 1,
      complaints: ['h/b.jsonl: not linearizable, expected linearizable'],
    });
    expect(run(words, { ...files, want: 'a.jsonl linearizable\nc.jsonl linearizable' })).toMatchObject({
      code: 1,
      complaints: ['c.jsonl: expected linearizable, was not checked', 'h/b.jsonl: nothing is expected of it'],
    });
    expect(run(words, { ...files, want: 'a.jsonl maybe' }).code).toBe(2);
  });

  test.each([
    [[], '--format is one of'],
    [['--format', 'xml', 'a'], '--format is one of'],
    [['--format', 'jsonl'], 'no files are named'],
    [['--format', 'jsonl', '--fast', 'a'], 'there is no option --fast'],
    [['--format', 'jsonl', '--timeout', 'soon', 'a'], '--timeout'],
    [['--format', 'jsonl', '--model', 'car', 'a'], '--model is one of'],
    [['--format', 'etcd-jepsen', '--model', 'register', 'a'], 'have their model'],
    [['--format', 'jsonl', 'nowhere'], 'nowhere: no such file'],
    [['--format', 'etcd-jepsen', 'h'], 'no files that end in .log'],
    [['a', '--format'], 'wants a value'],
  ])('is not understood: %j', (words, complaint) => {
    const { code, complaints } = run(words, { a: OK, 'h/a.jsonl': OK });
    expect(code).toBe(2);
    expect(complaints[0]).toContain(complaint);
  });

  test('explains itself', () => {
    expect(run(['--help'])).toMatchObject({ code: 0, printed: [expect.stringContaining('usage:')] });
  });
});
