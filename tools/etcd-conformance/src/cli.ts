import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { discover } from './discover.js';
import { describeFile, describeTally, tally } from './report.js';
import { runFile } from './run-file.js';

/** What the command needs of the process that it runs in. */
export interface CliEnvironment {
  /** ETCD_RAFT_TESTDATA: the folder to read; INIT_CWD: where npm was started, to which relative paths refer. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder that is read when neither an argument nor ETCD_RAFT_TESTDATA names one. */
  readonly defaultFolder: string;
  readonly print: (line: string) => void;
}

const USAGE = `usage: etcd-files [FOLDER]

Runs etcd/raft's data-driven files against raft-core and compares each answer exactly.
FOLDER holds the folders quorum, confchange and interaction, or is a checkout of etcd-io/raft, or any folder of either.
Without it: the folder that ETCD_RAFT_TESTDATA names, else ../shared/etcd-raft beside the repository.`;

/**
 * The command `etcd-files`. Prints a line for each file, each difference as a diff, and last the tally.
 * Returns the exit code: 0 when all directives passed, 1 otherwise.
 */
export function runCli(words: readonly string[], { environment, defaultFolder, print }: CliEnvironment): number {
  const [word, ...more] = words;
  if (word === '--help' || word === '-h') {
    print(USAGE);
    return 0;
  }
  if (more.length > 0 || word?.startsWith('-') === true) {
    print(USAGE);
    print(describeTally({ passed: 0, failed: 0 }));
    return 1;
  }
  const named = environment['ETCD_RAFT_TESTDATA'];
  const startedFrom = environment['INIT_CWD'] ?? '';
  const folder = resolve(startedFrom, word ?? (named === undefined || named === '' ? defaultFolder : named));
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) {
    print(`${folder}: no such folder; name the one with etcd/raft's data files`);
    print(describeTally({ passed: 0, failed: 0 }));
    return 1;
  }
  return runFolder(folder, print);
}

function runFolder(folder: string, print: (line: string) => void): number {
  const { files, unreadable } = discover(folder);
  let passed = 0;
  let failed = 0;
  for (const file of files) {
    const outcomes = runFile(file);
    for (const line of describeFile(file.name, outcomes)) print(line);
    const counted = tally(outcomes);
    passed += counted.passed;
    failed += counted.failed;
  }
  for (const { name, reason } of unreadable) print(`${name}: cannot be run: ${reason}`);
  if (files.length === 0) print(`${folder}: no data files of etcd/raft here`);
  failed += unreadable.length;
  print(describeTally({ passed, failed }));
  return failed > 0 || files.length === 0 ? 1 : 0;
}
