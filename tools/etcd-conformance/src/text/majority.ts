import { hexId } from './node-id.js';

/**
 * A bar chart of how far each voter is known to be: the bar is as long as the number of voters that are behind it,
 * `?` stands for one that is not heard of.
 */
export function describeMajority(voters: readonly number[], acked: ReadonlyMap<number, number>): string {
  if (voters.length === 0) return '<empty majority quorum>';
  const indexes = voters.map((voter) => acked.get(voter) ?? 0);
  const width = voters.length;
  const rows = voters
    .toSorted((a, b) => a - b)
    .map((voter) => {
      const index = acked.get(voter) ?? 0;
      const behind = indexes.filter((other) => other < index).length;
      const bar = acked.has(voter) ? `${'x'.repeat(behind)}>`.padEnd(width + 1) : '?'.padEnd(width + 1);
      return `${bar} ${String(index).padStart(5)}    (id=${hexId(voter)})\n`;
    });
  return `${' '.repeat(width)}    idx\n${rows.join('')}`;
}
