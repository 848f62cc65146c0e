/** A bug of ours, or of a caller against a stated contract: never an answer, never retried. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/**
 * Asserts what must hold; stays on in production.
 *
 * @throws {InvariantViolation} with `message`, which carries the values that broke it.
 */
export function invariant(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new InvariantViolation(typeof message === 'string' ? message : message());
}

/** Marks a condition that may be either, and returns it: documentation that a reader would otherwise have to guess. */
export function maybe(condition: boolean): boolean {
  return condition;
}

/** The end of an exhaustive switch. @throws {InvariantViolation} always. */
export function assertNever(value: never): never {
  throw new InvariantViolation(`unexpected value ${JSON.stringify(value)}`);
}
