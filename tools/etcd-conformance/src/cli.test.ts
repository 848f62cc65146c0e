import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from './cli.js';

const VOTE = 'vote cfg=(1) votes=(y)\n----\nVoteWon\n';
const CHANGE = 'simple\nv1\n----\nvoters=(1)\n1: StateProbe match=0 next=1\n';
const INTERACTION = 'log-level info\n----\nok\n\nraft-state\n----\nok\n';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'etcd-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
}

function run(words: readonly string[] = [folder], environment: Record<string, string> = {}) {
  const lines: string[] = [];
  const code = runCli(words, {
    environment,
    defaultFolder: join(folder, 'default'),
    print: (line) => lines.push(line),
  });
  return { code, lines, last: lines.at(-1) };
}

describe('the command', () => {
  test('runs the three folders', () => {
    write('quorum/vote.txt', VOTE);
    write('confchange/simple.txt', CHANGE);
    write('interaction/levels.txt', INTERACTION);
    expect(run()).toEqual({
      code: 0,
      last: '4 passed, 0 failed',
      lines: [
        'confchange/simple.txt: 1 of 1 directives',
        'interaction/levels.txt: 2 of 2 directives',
        'quorum/vote.txt: 1 of 1 directives',
        '4 passed, 0 failed',
      ],
    });
  });

  test('runs a checkout, by its root and by its folders', () => {
    write('testdata/levels.txt', INTERACTION);
    write('quorum/testdata/vote.txt', VOTE);
    write('confchange/testdata/simple.txt', CHANGE);
    write('README.txt', 'no directives in here\n');
    expect(run()).toMatchObject({ code: 0, last: '4 passed, 0 failed' });
    expect(run([join(folder, 'testdata')])).toMatchObject({ code: 0, last: '2 passed, 0 failed' });
    expect(run([join(folder, 'quorum')])).toMatchObject({ code: 0, last: '1 passed, 0 failed' });
    expect(run([join(folder, 'confchange/testdata/simple.txt')])).toMatchObject({
      code: 0,
      last: '1 passed, 0 failed',
    });
  });

  test('shows differences and fails', () => {
    write('quorum/vote.txt', VOTE.replace('Won', 'Lost'));
    const { code, lines, last } = run();
    expect({ code, last }).toEqual({ code: 1, last: '0 passed, 1 failed' });
    expect(lines).toContain('- VoteLost');
    expect(lines).toContain('+ VoteWon');
  });

  test('counts a file that does not parse, or whose commands nobody knows, as a failure', () => {
    write('quorum/a.txt', 'vote cfg=(1\n----\nVoteWon\n');
    write('quorum/b.txt', 'sing\n----\nla\n');
    write('quorum/c.txt', VOTE);
    const { code, lines, last } = run();
    expect({ code, last }).toEqual({ code: 1, last: '1 passed, 2 failed' });
    expect(lines).toContain('quorum/b.txt: cannot be run: none of its commands is known');
  });

  test('says plainly when there is no folder, or nothing in it', () => {
    expect(run([join(folder, 'absent')])).toMatchObject({ code: 1, last: '0 passed, 0 failed' });
    expect(run().lines[0]).toContain('no data files of etcd/raft');
    expect(run().code).toBe(1);
  });

  test('takes its folder from ETCD_RAFT_TESTDATA, else the default', () => {
    write('elsewhere/vote.txt', VOTE);
    write('default/simple.txt', CHANGE);
    expect(run([], { ETCD_RAFT_TESTDATA: join(folder, 'elsewhere') }).lines[0]).toBe('vote.txt: 1 of 1 directives');
    expect(run([]).lines[0]).toBe('simple.txt: 1 of 1 directives');
  });

  test('explains itself, and refuses words that it does not know', () => {
    expect(run(['--help'])).toMatchObject({ code: 0 });
    expect(run(['--fast'])).toMatchObject({ code: 1, last: '0 passed, 0 failed' });
    expect(run([folder, folder])).toMatchObject({ code: 1 });
  });
});

const outside =
  process.env['ETCD_RAFT_TESTDATA'] || fileURLToPath(new URL('../../../../shared/etcd-raft', import.meta.url));
const isThere = statSync(outside, { throwIfNoEntry: false }) !== undefined;
if (!isThere) {
  process.stdout.write(
    `skipped: etcd/raft's data files, for ${outside} is not there; ETCD_RAFT_TESTDATA names their folder (1 skipped)\n`,
  );
}
test.skipIf(!isThere)("etcd/raft's own data files compare exactly", () => {
  const { code, lines } = run([outside]);
  const differing = lines.slice(0, -1).filter((line) => !/: (\d+) of \1 directives$/.test(line));
  expect(differing).toEqual([]);
  expect(code).toBe(0);
});
