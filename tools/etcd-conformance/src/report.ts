import type { DirectiveOutcome } from './datadriven/run-directives.js';
import { diffLines } from './datadriven/diff-lines.js';

/** A count of directives. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** Counts the outcomes of one file. */
export function tally(outcomes: readonly DirectiveOutcome[]): Tally {
  const passed = outcomes.filter((outcome) => outcome.passed).length;
  return { passed, failed: outcomes.length - passed };
}

/** `campaign.txt: 4 of 4 directives`, then each difference with its place, `-` what was expected and `+` what came. */
export function describeFile(name: string, outcomes: readonly DirectiveOutcome[]): readonly string[] {
  const lines = [`${name}: ${tally(outcomes).passed} of ${outcomes.length} directives`];
  for (const { directive, actual, passed } of outcomes) {
    if (passed) continue;
    lines.push('', `${name}:${directive.line}: ${directive.source}`, ...diffLines(directive.expected, actual), '');
  }
  return lines;
}

/** The line that everything ends with. */
export const describeTally = ({ passed, failed }: Tally): string => `${passed} passed, ${failed} failed`;
