import { type ErrorCode, isFlotillaError } from '@flotilla/errors';

/** What a suite needs of a test runner: those of vitest, of node:test and of Deno's bdd module fit. */
export interface ConformanceRunner {
  describe(name: string, body: () => void): void;
  test(name: string, body: () => Promise<void>): void;
}

/** @throws {Error} with the message, where the condition does not hold. */
export function check(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new Error(typeof message === 'string' ? message : message());
}

/** @throws {Error} where the two differ as JSON. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const ours = JSON.stringify(actual);
  const theirs = JSON.stringify(expected);
  check(ours === theirs, () => `${what}: ${ours}, and should be ${theirs}`);
}

/** @throws {Error} where the work does not reject with a FlotillaError of one of the codes. */
export async function rejects(work: Promise<unknown>, codes: readonly ErrorCode[], what: string): Promise<void> {
  const outcome = await work.then(
    () => 'it resolved',
    (error: unknown) => error,
  );
  const fits = codes.some((code) => isFlotillaError(outcome, code));
  check(fits, () => `${what} should reject with ${codes.join(' or ')}: ${String(outcome)}`);
}

/** Numbers in [0, 1) from a seed, the same everywhere (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** What was caught, as an error that a runner can show. */
export function toError(caught: unknown): Error {
  return caught instanceof Error ? caught : new Error(String(caught));
}
