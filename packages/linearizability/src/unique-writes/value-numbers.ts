import { Interner } from '../model/interner.js';

/** Numbers the values that are written to one object, and notices when one is written twice. */
export class ValueNumbers<Value> {
  readonly #values = new Interner<Value>();
  #areUnique = true;

  /** `initial` is what the object holds before any write; it gets the number `INITIAL`. */
  constructor(initial: Value) {
    this.#values.number(initial);
  }

  /** Whether no value was written twice, or is the initial one. */
  get areUnique(): boolean {
    return this.#areUnique;
  }

  /** The number of a value that is written. */
  written(value: Value): number {
    const known = this.#values.size;
    const number = this.#values.number(value);
    if (number < known) this.#areUnique = false;
    return number;
  }

  /** The number of a value that is seen. One that nobody wrote has a number as well, which no role writes. */
  seen(value: Value): number {
    return this.#values.number(value);
  }
}
