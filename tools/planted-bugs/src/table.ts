import type { HuntResult } from './hunt.js';
import type { PlantedBug } from './planted-bug.js';

/** One bug, and what came of it. */
export interface BugResult {
  readonly bug: PlantedBug;
  readonly result: HuntResult;
}

const COLUMNS = [
  { title: 'bug', width: 46 },
  { title: 'class', width: 26 },
  { title: 'found by', width: 46 },
  { title: 'seeds', width: 5 },
  { title: 'seconds', width: 7 },
] as const;

/** The head of the table. */
export function tableHead(): string {
  return row(COLUMNS.map(({ title }) => title));
}

/** One line of the table. */
export function tableRow({ bug, result }: BugResult): string {
  const found = result.kind === 'found' ? foundBy(result) : 'MISSED';
  return row([bug.name, bug.classes.join(', '), found, String(result.seeds), result.seconds.toFixed(1)]);
}

/** The last line. */
export function tableEnd(results: readonly BugResult[]): string {
  const found = results.filter(({ result }) => result.kind === 'found').length;
  return `${found} found, ${results.length - found} missed`;
}

function foundBy({ part, by }: HuntResult & { readonly kind: 'found' }): string {
  if (part === 'random') return by;
  if (part === 'crash-points') return `crash points (${by})`;
  return part === 'focused' ? `${by} (focused)` : `${by} (scenario ${part})`;
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, at) => cell.padEnd(COLUMNS[at]?.width ?? 0))
    .join('  ')
    .trimEnd();
}
