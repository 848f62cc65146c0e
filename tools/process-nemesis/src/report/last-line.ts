import type { NemesisKind } from '../plan/plan.js';
import type { TortureReport } from '../torture/torture.js';

/** The one line that says what a run did and found. */
export function lastLine(report: TortureReport, seed: string, minutes: number, kinds: readonly NemesisKind[]): string {
  const { operations, failed, indeterminate, events, compared, faults, skipped, problems, memoryPeak } = report;
  const struck = faults.text(kinds.filter((kind) => !skipped.includes(kind)));
  const notHere = skipped.length === 0 ? '' : `; skipped on this machine: ${skipped.join(', ')}`;
  const verdict = problems.length === 0 ? 'PASSED' : `FAILED (${problems.length})`;
  return [
    `seed ${seed}`,
    `${minutes.toFixed(1)} minutes`,
    `${operations} operations (${failed} refused, ${indeterminate} indeterminate)`,
    `${events} events watched`,
    `${compared} replicas compared`,
    `${Math.round(memoryPeak / 1_048_576)} MiB at most`,
    `faults: ${struck}${notHere}`,
    verdict,
  ].join('; ');
}
