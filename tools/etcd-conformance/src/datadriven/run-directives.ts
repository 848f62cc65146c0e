import type { Directive } from './directive.js';

/** Answers the directives of one file, in order. Its state lives for that file. */
export type DirectiveHandler = (directive: Directive) => string;

/** A directive and what the handler answered to it. */
export interface DirectiveOutcome {
  readonly directive: Directive;
  /** With a final newline, unless empty. */
  readonly actual: string;
  readonly passed: boolean;
}

/**
 * Runs all directives, also those after a difference: later answers show its effect.
 * An error thrown by the handler is its answer, so that it never equals what is expected by chance.
 */
export function runDirectives(directives: readonly Directive[], handle: DirectiveHandler): readonly DirectiveOutcome[] {
  return directives.map((directive) => {
    const actual = withFinalNewline(answer(directive, handle));
    return { directive, actual, passed: actual === directive.expected };
  });
}

function answer(directive: Directive, handle: DirectiveHandler): string {
  try {
    return handle(directive);
  } catch (error) {
    return `thrown by ${directive.command}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}

function withFinalNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
