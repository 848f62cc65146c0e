/** Names of the log levels, in rising order; the last one silences everything but errors of the harness. */
const LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'NONE'] as const;

/** A level of `Output`: 0 is the most talkative, the last one is silence. */
export type LogLevel = (typeof LEVELS)[number];

/** What one directive answers: text of the harness and log lines, in the order of their emission. */
export class Output {
  #text = '';
  #level = 0;

  /** Position of the current level in the order of levels. */
  get level(): number {
    return this.#level;
  }

  /** Also the harness's own text is held back. */
  get isQuiet(): boolean {
    return this.#level === LEVELS.length - 1;
  }

  get text(): string {
    return this.#text;
  }

  clear(): void {
    this.#text = '';
  }

  /** Sets the level by name, in any case of letters. False when no level has that name. */
  setLevel(name: string): boolean {
    const level = LEVELS.findIndex((candidate) => candidate === name.toUpperCase());
    if (level >= 0) this.#level = level;
    return level >= 0;
  }

  /** Back to a level that `level` returned before. */
  restoreLevel(level: number): void {
    this.#level = level;
  }

  write(text: string): void {
    if (!this.isQuiet) this.#text += text;
  }

  writeLine(text: string): void {
    this.write(`${text}\n`);
  }

  log(level: LogLevel, text: string): void {
    if (this.#level <= LEVELS.indexOf(level)) this.writeLine(`${level} ${text}`);
  }

  /** Whatever `run` writes is moved in by two columns, and ends with a newline. */
  indented(run: () => void): void {
    const before = this.#text;
    this.#text = '';
    try {
      run();
    } finally {
      const lines = this.#text.split('\n');
      if (lines.at(-1) === '') lines.pop();
      this.#text = before + lines.map((line) => `  ${line}\n`).join('');
    }
  }
}

/** The names of all levels, as an error lists them. */
export const LEVEL_NAMES: string = `[${LEVELS.join(' ')}]`;
