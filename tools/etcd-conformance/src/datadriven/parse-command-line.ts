import { type DirectiveArgument, DirectiveError } from './directive.js';

/** A directive's command line, taken apart. */
export interface CommandLine {
  readonly command: string;
  readonly arguments: readonly DirectiveArgument[];
}

/**
 * Parses `command word key=value key=(value, (nested), value)`.
 *
 * Values of a list end at commas outside of nested parentheses; spaces after such a comma are dropped.
 * Throws DirectiveError with the column where the line stops making sense.
 */
export function parseCommandLine(line: string): CommandLine {
  const text = line.trim();
  const commandEnd = endOfWord(text, 0, ' ');
  if (commandEnd === 0) throw syntaxError(text, 0);
  const parsed: DirectiveArgument[] = [];
  let position = skipSpace(text, commandEnd);
  while (position < text.length) {
    const keyEnd = endOfWord(text, position, ' =');
    if (keyEnd === position) throw syntaxError(text, position);
    const key = text.slice(position, keyEnd);
    const values: string[] = [];
    position = keyEnd;
    if (text[position] === '=') position = parseValues(text, position + 1, values);
    parsed.push({ key, values });
    position = skipSpace(text, position);
  }
  return { command: text.slice(0, commandEnd), arguments: parsed };
}

/** Adds what follows `=` at `start` to `values`; returns the position behind it. */
function parseValues(text: string, start: number, values: string[]): number {
  if (text[start] !== '(') {
    const end = endOfWord(text, start, ' ');
    values.push(text.slice(start, end));
    return end;
  }
  let depth = 1;
  let position = start + 1;
  let valueStart = position;
  for (; depth > 0; position++) {
    const character = text[position];
    if (character === undefined) throw syntaxError(text, start);
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === ',' && depth === 1) {
      values.push(text.slice(valueStart, position));
      while (text[position + 1] === ' ') position++;
      valueStart = position + 1;
    }
  }
  values.push(text.slice(valueStart, position - 1));
  return position;
}

function endOfWord(text: string, start: number, stops: string): number {
  let end = start;
  while (end < text.length && !stops.includes(text.charAt(end))) end++;
  return end;
}

function skipSpace(text: string, start: number): number {
  let position = start;
  while (position < text.length && text.charAt(position).trim() === '') position++;
  return position;
}

function syntaxError(text: string, position: number): DirectiveError {
  return new DirectiveError(`cannot parse directive at column ${position + 1}: ${text}`);
}
