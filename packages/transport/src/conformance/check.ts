import { type ErrorCode, isFlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';

/** How long a test waits for what must happen, in ms of its runtime's clock. */
const WITHIN_MS = 20_000;

/** Fails the test unless the condition holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Fails the test unless both are the same text. */
export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  const left = JSON.stringify(actual);
  const right = JSON.stringify(expected);
  check(left === right, `${what}: ${left}, expected ${right}`);
}

/** Fails the test unless the promise rejects with an error of one of these codes, which it returns. */
export async function checkRejects(
  promise: Promise<unknown>,
  codes: ErrorCode | readonly ErrorCode[],
  what: string,
): Promise<Error & { readonly outcome?: string }> {
  const expected = typeof codes === 'string' ? [codes] : codes;
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (isFlotillaError(error) && expected.includes(error.code)) return error;
    throw new Error(`${what}: rejected with ${String(error)}, expected ${expected.join(' or ')}`, { cause: error });
  }
  throw new Error(`${what}: resolved with ${String(value)}, expected ${expected.join(' or ')}`);
}

/** Settles as the promise does, and fails the test if it does not in time. */
export function within<T>(runtime: Runtime, promise: Promise<T>, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = runtime.setTimer(WITHIN_MS, () => reject(new Error(`${what}: not within ${WITHIN_MS} ms`)));
    promise.then(resolve, reject).finally(() => timer.cancel());
  });
}

/** Something that can be waited for: a list that grows. */
export class Arrivals<T> {
  readonly items: T[] = [];
  readonly #runtime: Runtime;
  #waiters: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Adds an item. */
  push(item: T): void {
    this.items.push(item);
    const ready = this.#waiters.filter((waiter) => this.items.length >= waiter.count);
    this.#waiters = this.#waiters.filter((waiter) => this.items.length < waiter.count);
    for (const waiter of ready) waiter.resolve();
  }

  /** Resolves with the items once there are so many. */
  async atLeast(count: number, what: string): Promise<readonly T[]> {
    if (this.items.length < count) {
      const waiting = new Promise<void>((resolve) => this.#waiters.push({ count, resolve }));
      await within(this.#runtime, waiting, `${what}: ${this.items.length} of ${count}`);
    }
    return this.items;
  }

  /** Resolves with the first item. */
  async first(what: string): Promise<T> {
    const [item] = await this.atLeast(1, what);
    return item as T;
  }
}

/** Text as bytes. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Bytes as text. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Bytes of a length that tell their place, so that a mistake in order or length shows. */
export function patternBytes(length: number, seed: number = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >>> 8) * 7 + (at >>> 16) + seed) & 0xff;
  return bytes;
}

/** Fails the test unless these are the bytes of `patternBytes`, from an offset on. */
export function checkPattern(bytes: Uint8Array, length: number, seed: number, what: string): void {
  check(bytes.length === length, `${what}: ${bytes.length} bytes, expected ${length}`);
  const expected = patternBytes(length, seed);
  for (let at = 0; at < length; at++) {
    if (bytes[at] !== expected[at]) throw new Error(`${what}: byte ${at} is ${bytes[at]}, expected ${expected[at]}`);
  }
}
