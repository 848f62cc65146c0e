import type { GraphOutcome } from './graph-run.js';

const HEAD = ['leader', 'duty', 'settled', 'changes', 'served', 'outcome', 'graph'] as const;

/** Outcomes as a table in fixed columns: one line a run, the graph last, since it may be long. */
export function graphTable(outcomes: readonly GraphOutcome[]): string {
  const rows = outcomes.map((outcome) => cells(outcome));
  const widths = HEAD.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)));
  return [[...HEAD], ...rows]
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One line for all: graphs, of which so many served, refused, and violations. */
export function graphSummary(outcomes: readonly GraphOutcome[]): string {
  const violations = outcomes.filter(({ violation }) => violation !== undefined).length;
  const served = outcomes.filter((outcome) => outcome.served).length;
  const refused = outcomes.filter(({ duty, violation }) => duty === 'refuse' && violation === undefined).length;
  return `${outcomes.length} runs of link graphs, ${served} served, ${refused} rightly without a leader, ${violations} violations`;
}

function cells({ graph, leader, duty, settledMs, changes, served, violation }: GraphOutcome): string[] {
  return [
    leader ?? 'nobody',
    duty,
    settledMs === undefined ? '-' : `${settledMs} ms`,
    String(changes),
    served ? 'yes' : 'no',
    violation === undefined ? 'ok' : `${violation.invariant}: ${violation.message.split('\n')[0] ?? ''}`,
    graph.name,
  ];
}
