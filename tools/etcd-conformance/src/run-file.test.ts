import { expect, test } from 'vitest';
import { parseDataDrivenFile } from './datadriven/parse-file.js';
import type { FileKind } from './discover.js';
import { describeFile, tally } from './report.js';
import { runFile } from './run-file.js';

const run = (kind: FileKind, ...lines: readonly string[]) =>
  runFile({ kind, directives: parseDataDrivenFile(lines.join('\n')) });
const answers = (kind: FileKind, ...lines: readonly string[]) => run(kind, ...lines).map(({ actual }) => actual);

test('quorum: a wrong expectation is seen, and shown as a difference', () => {
  const outcomes = run('quorum', 'vote cfg=(1,2,3) votes=(y,y,_)', '----', 'VoteWon', '', 'vote', '----', 'VoteLost');
  expect(tally(outcomes)).toEqual({ passed: 1, failed: 1 });
  expect(describeFile('votes.txt', outcomes)).toEqual([
    'votes.txt: 1 of 2 directives',
    '',
    'votes.txt:5: vote',
    '- VoteLost',
    '+ VoteWon',
    '',
  ]);
});

test('quorum: the chart of what is acknowledged, and the index', () => {
  expect(answers('quorum', 'committed cfg=(1,2,3) idx=(100,_,99)', '----')).toEqual([
    '       idx\nxx>    100    (id=1)\n?        0    (id=2)\nx>      99    (id=3)\n99\n',
  ]);
  expect(answers('quorum', 'committed', '----')).toEqual(['<empty majority quorum>∞\n']);
});

test('quorum: values that do not fit the voters are an error of the file', () => {
  expect(answers('quorum', 'vote cfg=(2,1) votes=(y)', '----')).toEqual([
    'error: mismatched input (explicit or _) for voters [1 2]: [y]\n',
  ]);
});

test('confchange: the state carries on, refusals change nothing but the last index', () => {
  const [, refused, third] = answers(
    'confchange',
    'simple',
    'v1',
    '----',
    '',
    'leave-joint',
    '----',
    '',
    'simple',
    'v2',
    '----',
  );
  expect(refused).toBe("can't leave a non-joint config\n");
  expect(third).toBe('voters=(1 2)\n1: StateProbe match=0 next=1\n2: StateProbe match=0 next=2\n');
});

test('interaction: one flipped number in an expectation is a difference, and so is a missing log line', () => {
  const lines = [
    'add-nodes 1 voters=(1) index=3',
    '----',
    'INFO 1 switched to configuration voters=(1)',
    'INFO 1 became follower at term 0',
  ];
  const last = 'INFO newRaft 1 [peers: [1], term: 0, commit: 3, applied: 3, lastindex: 3, lastterm: 1]';
  expect(run('interaction', ...lines, last).map(({ passed }) => passed)).toEqual([true]);
  expect(run('interaction', ...lines, last.replace('commit: 3', 'commit: 4')).map(({ passed }) => passed)).toEqual([
    false,
  ]);
  expect(run('interaction', ...lines).map(({ passed }) => passed)).toEqual([false]);
});

test('interaction: what is thrown is an answer, and the file goes on', () => {
  const [thrown, next] = answers('interaction', 'campaign 7', '----', '', 'raft-state', '----');
  expect(thrown).toBe('there is no node 7\n');
  expect(next).toBe('ok\n');
});

test('interaction: errors are printed also where all else is silent', () => {
  expect(
    answers(
      'interaction',
      'log-level none',
      '----',
      '',
      'add-nodes 1 voters=(1) index=1',
      '----',
      '',
      'log-level loud',
      '----',
      '',
      'fly',
      '----',
    ),
  ).toEqual([
    'ok\n',
    'index must be specified as > 1 due to bootstrap\n',
    'log levels must be either of [DEBUG INFO WARN ERROR FATAL NONE]\n',
    'unknown command\n',
  ]);
});

test('interaction: stabilize takes a log level for itself alone', () => {
  const script = [
    'add-nodes 2 voters=(1,2) index=2',
    '----',
    '',
    'campaign 1',
    '----',
    '',
    'stabilize log-level=none',
    '----',
    '',
    'campaign 2',
    '----',
  ];
  const [, , silent, loud] = answers('interaction', ...script);
  expect(silent).toBe('ok\n');
  expect(loud).toContain('INFO 2 is starting a new election at term 1\n');
});

test('interaction: what a node sends to its own threads is never dropped', () => {
  const script = [
    'add-nodes 1 voters=(1) index=2 async-storage-writes=true',
    '----',
    '',
    'campaign 1',
    '----',
    '',
    'process-ready 1',
    '----',
    '',
    'process-append-thread 1',
    '----',
    '',
    'deliver-msgs drop=(1)',
    '----',
    '',
    'deliver-msgs 1',
    '----',
  ];
  const results = answers('interaction', ...script);
  expect(results[4]).toBe('no messages\n');
  expect(results[5]).toContain('1->1 MsgVoteResp Term:1 Log:0/0\n');
});

test('interaction: threads without work say so', () => {
  const script = [
    'add-nodes 2 voters=(1,2) index=2',
    '----',
    '',
    'process-append-thread 1',
    '----',
    '',
    'process-apply-thread 1 2',
    '----',
    '',
    'process-ready 1',
    '----',
  ];
  expect(answers('interaction', ...script).slice(1)).toEqual([
    'no append work to perform\n',
    '> 1 processing apply thread\n  no apply work to perform\n> 2 processing apply thread\n  no apply work to perform\n',
    '<empty Ready>\n',
  ]);
});
