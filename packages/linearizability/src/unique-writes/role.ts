/** The value that the object holds before any write, as a number among the roles' values. */
export const INITIAL = 0;

/**
 * What an operation does to an object whose written values are all different. Values are numbers, `INITIAL` or above, that stand for what was
 * written. A path is what an observer saw: the value of an overwriting operation (or `INITIAL`), then what was appended to it, in order; a
 * path of one value says what the object holds, and nothing about what it held before.
 */
export type UniqueWriteRole =
  /** Overwrites whatever is there. */
  | { readonly kind: 'write'; readonly value: number }
  /** Extends whatever is there. */
  | { readonly kind: 'append'; readonly value: number }
  /** Sees `path` and overwrites it in one step, as a successful compare-and-set does. */
  | { readonly kind: 'replace'; readonly path: readonly number[]; readonly value: number }
  | { readonly kind: 'read'; readonly path: readonly number[] }
  /** An answer that no object of this kind could ever have given. */
  | { readonly kind: 'impossible' }
  /** Tells nothing: a read without an answer. */
  | { readonly kind: 'ignored' };
