#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { NEMESIS_KINDS, type NemesisKind } from './plan/plan.js';
import { lastLine } from './report/last-line.js';
import { torture } from './torture/torture.js';

interface Flags {
  readonly minutes: number;
  readonly seed: string;
  readonly nodes: number;
  readonly groups: number;
  readonly nemesis: readonly NemesisKind[];
  readonly electionTimeoutMs: number;
  readonly program: string;
  readonly folder?: string;
  readonly keep?: boolean;
  readonly quiet?: boolean;
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('a number above 0 is wanted');
}

function nodes(text: string): number {
  if (text === '3' || text === '5') return Number(text);
  throw new InvalidArgumentError('3 or 5');
}

function kinds(text: string): readonly NemesisKind[] {
  return text.split(',').map((name) => {
    const kind = NEMESIS_KINDS.find((one) => one === name);
    if (kind === undefined) throw new InvalidArgumentError(`there are ${NEMESIS_KINDS.join(', ')}`);
    return kind;
  });
}

const program = new Command('torture:processes')
  .description('torments a cluster of real server processes under load, and checks what its clients were told')
  .option('--minutes <minutes>', 'how long faults strike; checks come on top', number, 1)
  .option('--seed <seed>', 'of the choice of faults and operations', '1')
  .option('--nodes <count>', 'members: 3 or 5', nodes, 3)
  .option('--groups <count>', 'data groups', number, 3)
  .option('--nemesis <kinds>', 'some of the kinds of faults, with commas between', kinds, NEMESIS_KINDS)
  .option('--election-timeout-ms <ms>', 'of the servers; faults last for multiples of it', number, 500)
  .option(
    '--program <path>',
    'the flotilla program',
    fileURLToPath(import.meta.resolve('@flotilla/server/bin/flotilla.js')),
  )
  .option('--folder <path>', 'where the folder of the run is made (default: the temporary one of the system)')
  .option('--keep', 'keep data, logs and histories also of a run that passes')
  .option('--quiet', 'print the last lines only')
  .showHelpAfterError();

// Ending by `exit` is what ends the servers and unmounts their disks.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

const flags = program.parse().opts<Flags>();
const begun = performance.now();
const report = await torture({
  ...flags,
  kinds: flags.nemesis,
  preload: fileURLToPath(new URL('./network/redirect-dials.js', import.meta.url)),
  folder: flags.folder,
  keep: flags.keep ?? false,
  say: flags.quiet === true ? () => undefined : (line) => process.stdout.write(`${line}\n`),
});
for (const problem of report.problems) process.stdout.write(`problem: ${problem}\n`);
if (report.kept !== undefined) process.stdout.write(`data, logs, histories: ${report.kept}\n`);
process.stdout.write(`${lastLine(report, flags.seed, (performance.now() - begun) / 60_000, flags.nemesis)}\n`);
process.exitCode = report.problems.length === 0 ? 0 : 1;
