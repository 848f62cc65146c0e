const CONTEXT_LINES = 3;

interface DiffLine {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/**
 * The differences of two texts by lines: `-` marks what was expected, `+` what came, a blank what both have.
 * Unchanged stretches are cut to three lines around each difference.
 */
export function diffLines(expected: string, actual: string): readonly string[] {
  const lines = compare(splitLines(expected), splitLines(actual));
  const kept = lines.map((_, index) =>
    lines.slice(Math.max(0, index - CONTEXT_LINES), index + CONTEXT_LINES + 1).some(({ mark }) => mark !== ' '),
  );
  const output: string[] = [];
  lines.forEach(({ mark, text }, index) => {
    if (kept[index] === true) output.push(`${mark} ${text}`);
    else if (index === 0 || kept[index - 1] === true) output.push('  …');
  });
  return output;
}

function splitLines(text: string): readonly string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Longest common subsequence, by dynamic programming: answers have at most some hundreds of lines. */
function compare(expected: readonly string[], actual: readonly string[]): readonly DiffLine[] {
  const width = actual.length + 1;
  const common = new Uint32Array((expected.length + 1) * width);
  const at = (row: number, column: number): number => common[row * width + column] ?? 0;
  for (let row = expected.length - 1; row >= 0; row--) {
    for (let column = actual.length - 1; column >= 0; column--) {
      common[row * width + column] =
        expected[row] === actual[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: DiffLine[] = [];
  let row = 0;
  let column = 0;
  while (row < expected.length || column < actual.length) {
    const removed = expected[row];
    const added = actual[column];
    if (removed !== undefined && removed === added) {
      lines.push({ mark: ' ', text: removed });
      row++;
      column++;
    } else if (removed !== undefined && (added === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push({ mark: '-', text: removed });
      row++;
    } else if (added !== undefined) {
      lines.push({ mark: '+', text: added });
      column++;
    }
  }
  return lines;
}
