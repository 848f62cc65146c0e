import { type Directive, type DirectiveArgument, DirectiveError } from './directive.js';

const TRUE_WORDS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE_WORDS = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** A number as the files write it: decimal digits, at most 2^53 - 1. Throws DirectiveError. */
export function parseNumber(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new DirectiveError(`${JSON.stringify(text)} is not a number`);
  return value;
}

/** A truth value in Go's spellings. Throws DirectiveError. */
export function parseBoolean(text: string): boolean {
  if (TRUE_WORDS.has(text)) return true;
  if (FALSE_WORDS.has(text)) return false;
  throw new DirectiveError(`${JSON.stringify(text)} is not a truth value`);
}

/** The number that is the first word of the directive's arguments. Throws DirectiveError when there is none. */
export function firstNumber(directive: Directive): number {
  const first = directive.arguments[0];
  if (first === undefined) throw new DirectiveError(`${directive.command}: a number must follow`);
  return parseNumber(first.key);
}

/** All bare words of the directive's arguments, as numbers. */
export function bareNumbers(directive: Directive): readonly number[] {
  return directive.arguments.filter((argument) => argument.values.length === 0).map(({ key }) => parseNumber(key));
}

/** The argument with the given key and exactly one value. Throws DirectiveError when it is missing. */
export function singleValue(directive: Directive, key: string): string {
  const argument = directive.arguments.find((candidate) => candidate.key === key);
  return onlyValue(directive, key, argument);
}

function onlyValue(directive: Directive, key: string, argument: DirectiveArgument | undefined): string {
  const [value, ...more] = argument?.values ?? [];
  if (value === undefined || more.length > 0) {
    throw new DirectiveError(`${directive.command}: exactly one value is needed for ${key}`);
  }
  return value;
}
