/** Columns as wide as what stands in them; the last cell of a short row may be longer. */
export function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  const columns = Math.max(...rows.map((row) => row.length));
  for (const row of rows) {
    for (const [at, text] of row.entries()) {
      const isRest = at === row.length - 1 && row.length < columns;
      if (!isRest) widths[at] = Math.max(widths[at] ?? 0, text.length);
    }
  }
  return rows.map((row) =>
    row
      .map((text, at) => {
        const isRest = at === row.length - 1 && row.length < columns;
        return isRest ? text : text.padStart(widths[at] ?? 0);
      })
      .join('  '),
  );
}
