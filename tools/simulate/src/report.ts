import { replayArguments, type SimulateResult, type SimulationResult, storyText } from '@flotilla/simulator';

const MS_PER_HOUR = 3_600_000;

/** The row that sums up many runs: seeds, simulated hours, faults by kind, operations, violations. */
export function row(result: SimulateResult): string {
  const faults = byCount(result.counts).map(([kind, count]) => `${kind} ${count}`);
  return [
    `seeds ${result.seeds}`,
    `simulated hours ${hours(result)}`,
    `faults ${faults.length === 0 ? 'none' : faults.join(', ')}`,
    `operations ${result.operations}`,
    `violations ${result.violations.length}`,
  ].join(' | ');
}

/** The story of a violation, and the line that replays it. `flags` are those of the command line that change plans. */
export function violationText(result: SimulationResult, flags: string): string {
  return `${storyText(result)}\nreplay: npm run simulate -- ${replayArguments(result)}${flags}\n`;
}

/** When, of which commit and by which command sums were made. */
export interface Making {
  readonly date: string;
  readonly commit: string;
  readonly command: string;
}

/** The same sums as a table for people to keep. */
export function markdownTable(result: SimulateResult, { date, commit, command }: Making): string {
  const faults = [...result.counts.values()].reduce((sum, count) => sum + count, 0);
  const cells = [
    date,
    `\`${command}\``,
    commit,
    result.seeds,
    hours(result),
    result.operations,
    faults,
    result.violations.length,
    result.undecided,
  ];
  return [
    '| Date | Command | Commit | Seeds | Simulated hours | Operations | Faults | Violations | Undecided histories |',
    '| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    `| ${cells.join(' | ')} |`,
    '',
    '| Fault | Times |',
    '| --- | ---: |',
    ...byCount(result.counts).map(([kind, count]) => `| ${kind} | ${count} |`),
  ].join('\n');
}

function hours({ virtualMs }: SimulateResult): string {
  return (virtualMs / MS_PER_HOUR).toFixed(2);
}

function byCount(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
