import { type Directive, DirectiveError } from './directive.js';
import { parseCommandLine } from './parse-command-line.js';

const SEPARATOR = '----';

/**
 * Parses a file of the datadriven convention: for each directive a command line, input lines, a line `----`, and the
 * expected answer up to the first blank line, or between doubled `----` lines when it holds blank lines itself.
 *
 * Lines before a directive that are blank or begin with `#` are skipped; a backslash at the end of a command line
 * joins the next line to it. `subtest` lines group directives and are no directives themselves.
 * Throws DirectiveError, with the line's number, on text of another form.
 */
export function parseDataDrivenFile(text: string): readonly Directive[] {
  return new FileParser(text).directives();
}

class FileParser {
  readonly #lines: readonly string[];
  #next = 0;

  constructor(text: string) {
    const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
    if (lines.at(-1) === '') lines.pop();
    this.#lines = lines;
  }

  directives(): readonly Directive[] {
    const directives: Directive[] = [];
    for (let line = this.#take(); line !== undefined; line = this.#take()) {
      const trimmed = line.trim();
      if (trimmed === '' || trimmed.startsWith('#')) continue;
      const lineNumber = this.#next;
      const source = this.#withContinuations(trimmed);
      if (source.trim() === '') continue;
      const commandLine = this.#located(lineNumber, () => parseCommandLine(source));
      if (commandLine.command === 'subtest') continue;
      const { input, separated } = this.#input();
      const expected = separated ? this.#expected() : '';
      directives.push({ line: lineNumber, source, ...commandLine, input, expected });
    }
    return directives;
  }

  #take(): string | undefined {
    const line = this.#lines[this.#next];
    if (line !== undefined) this.#next++;
    return line;
  }

  #withContinuations(first: string): string {
    let line = first;
    while (line.endsWith('\\')) {
      const next = this.#take();
      if (next === undefined) break;
      line = `${line.slice(0, -1)} ${next.trim()}`;
    }
    return line;
  }

  #input(): { readonly input: string; readonly separated: boolean } {
    const input: string[] = [];
    for (let line = this.#take(); line !== undefined; line = this.#take()) {
      if (line === SEPARATOR) return { input: input.join('\n').trim(), separated: true };
      input.push(line);
    }
    return { input: input.join('\n').trim(), separated: false };
  }

  #expected(): string {
    const first = this.#take();
    if (first === SEPARATOR) return this.#expectedBetweenDoubledSeparators();
    let expected = '';
    for (let line = first; line !== undefined && line.trim() !== ''; line = this.#take()) expected += `${line}\n`;
    return expected;
  }

  #expectedBetweenDoubledSeparators(): string {
    let expected = '';
    for (let line = this.#take(); line !== undefined; line = this.#take()) {
      if (line === SEPARATOR && this.#lines[this.#next] === SEPARATOR) {
        this.#next++;
        const blank = this.#take();
        if (blank !== undefined && blank !== '') {
          throw new DirectiveError(`line ${this.#next}: text after the doubled ${SEPARATOR} that ends an answer`);
        }
        return expected;
      }
      expected += `${line}\n`;
    }
    return expected;
  }

  #located<T>(line: number, parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof DirectiveError)) throw error;
      throw new DirectiveError(`line ${line}: ${error.message}`, { cause: error });
    }
  }
}
