/** One `key`, `key=value` or `key=(value, value)` of a directive's command line. */
export interface DirectiveArgument {
  readonly key: string;
  /** Empty when the argument is a bare word; one empty string for `key=`. */
  readonly values: readonly string[];
}

/** One command of a data-driven file, with what it must answer. */
export interface Directive {
  /** Line of the command in its file, from 1. */
  readonly line: number;
  /** The command line as written, continuation lines joined. */
  readonly source: string;
  readonly command: string;
  readonly arguments: readonly DirectiveArgument[];
  /** Lines between the command line and `----`, without surrounding white space. */
  readonly input: string;
  /** The expected answer, with its final newline; empty when nothing is expected. */
  readonly expected: string;
}

/** What is wrong with the text of a data-driven file, or with the arguments of a directive in it. */
export class DirectiveError extends Error {
  override readonly name = 'DirectiveError';
}
