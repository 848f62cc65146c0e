import type { PartitionVerdict, Verdict } from '../check/verdict.js';
import type { Model } from '../model/model.js';
import { type Bar, layOut } from './layout.js';

/** How to draw in plain text. */
export interface TextOptions {
  /** Operations drawn of each partition, those before its culprit: 24 if absent. */
  readonly operationsMax?: number;
  /** Partitions drawn: 3 if absent. */
  readonly partitionsMax?: number;
}

/**
 * The partitions that are not linearizable, in plain text: a row for each operation, with its interval, its place in the longest
 * linearizable prefix, and `!` at the culprit.
 */
export function drawText<State, Input, Output>(
  model: Model<State, Input, Output>,
  { partitions }: Verdict<Input, Output>,
  { operationsMax = 24, partitionsMax = 3 }: TextOptions = {},
): string {
  const refuted = partitions.filter(({ verdict }) => verdict === 'not-linearizable');
  const drawn = refuted.slice(0, partitionsMax).map((partition) => drawPartition(model, partition, operationsMax));
  if (refuted.length > partitionsMax)
    drawn.push(`${refuted.length - partitionsMax} more partitions are not linearizable`);
  return drawn.join('\n\n');
}

function drawPartition<State, Input, Output>(
  model: Model<State, Input, Output>,
  partition: PartitionVerdict<Input, Output>,
  operationsMax: number,
): string {
  const layout = layOut(model, partition, operationsMax);
  const { bars, columns, before, after, state } = layout;
  const lines = [partition.key === undefined ? 'not linearizable' : `not linearizable: ${printable(partition.key)}`];
  if (before > 0) lines.push(`  … ${before} operations before`);
  const processes = Math.max(...bars.map(({ process }) => process.length));
  const texts = Math.max(...bars.map(({ text }) => text.length));
  const places = Math.max(...bars.map(({ place }) => String(place ?? '').length));
  for (const bar of bars) {
    const place = bar.place === undefined ? '' : String(bar.place);
    const cells = [bar.process.padStart(processes), printable(bar.text).padEnd(texts), place.padStart(places)];
    lines.push(`${bar.isCulprit ? '!' : ' '} ${cells.join('  ')}  ${interval(bar, columns)}`.trimEnd());
  }
  if (after > 0) lines.push(`  … ${after} operations after`);
  lines.push(`  in the order of the numbers the state is ${printable(state)}; ! fits nowhere before it returned`);
  return lines.join('\n');
}

function interval({ from, to, place }: Bar, columns: number): string {
  const end = to ?? columns;
  const line = place === undefined ? '┄' : '─';
  return `${' '.repeat(from)}├${line.repeat(Math.max(0, end - from - 1))}${to === undefined ? '…' : '┤'}`;
}

/** Without line breaks and what else moves a terminal's cursor. */
function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '·');
}
