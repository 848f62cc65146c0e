/** A line of a file is not of its format, or contradicts the lines before it. */
export class MalformedFile extends Error {
  override readonly name = 'MalformedFile';
  /** From 1 on; 0 where the file as a whole is meant. */
  readonly line: number;

  constructor(line: number, reason: string) {
    super(line === 0 ? reason : `line ${line}: ${reason}`);
    this.line = line;
  }
}
