import type { SeedRange } from '@flotilla/simulator';
import { InvalidArgumentError } from 'commander';

/** `7`: one whole number from 0 on. */
export function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError(`${JSON.stringify(text)} is no whole number from 0 on.`);
}

/** `0.5`: a number above 0. */
export function positiveNumber(text: string): number {
  const number = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && number > 0) return number;
  throw new InvalidArgumentError(`${JSON.stringify(text)} is no number above 0.`);
}

/** `1..20`: seeds, both ends included. */
export function seedRange(text: string): SeedRange {
  const match = /^(\d+)\.\.(\d+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError(`${JSON.stringify(text)} is no range of seeds such as 1..20.`);
  const [from, to] = [wholeNumber(match[1] ?? ''), wholeNumber(match[2] ?? '')];
  if (from > to) throw new InvalidArgumentError(`the range ${text} is empty: it begins after its end.`);
  return { from, to };
}

/** `3,7`: numbers of actions; `none`: an empty list. */
export function actionNumbers(text: string): number[] {
  return text === 'none' ? [] : text.split(',').map(wholeNumber);
}

/** `cut,crash`: kinds of fault; `none`: an empty list. */
export function faultKinds(text: string): string[] {
  return text === 'none' ? [] : text.split(',');
}

/** `safety` or `liveness`. */
export function mode(text: string): 'safety' | 'liveness' {
  if (text === 'safety' || text === 'liveness') return text;
  throw new InvalidArgumentError(`${JSON.stringify(text)} is neither safety nor liveness.`);
}

/** `named` or `all`. */
export function extent(text: string): 'named' | 'all' {
  if (text === 'named' || text === 'all') return text;
  throw new InvalidArgumentError(`${JSON.stringify(text)} is neither named nor all.`);
}
