/**
 * What a reader throws when the bytes are not what they should be: the one error of this package's decoders.
 * Callers turn it into an error of their own kind (a frame, a record, a file).
 */
export class MalformedBytes extends Error {
  override readonly name = 'MalformedBytes';
  /** Where in the reader's array the offending item begins. */
  readonly offset: number;

  constructor(reason: string, offset: number) {
    super(`${reason} at byte ${offset}`);
    this.offset = offset;
  }
}
