/** Writes a line to standard output. */
export function line(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes a value as one line of JSON. */
export function json(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
