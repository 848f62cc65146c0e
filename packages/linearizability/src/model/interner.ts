import { structuralHash, structurallyEqual } from './structure.js';

/** Gives equal values the same small number, from 0 on in order of first sight. */
export class Interner<Value> {
  readonly #values: Value[] = [];
  readonly #hashOf: (value: Value) => number;
  readonly #equal: (left: Value, right: Value) => boolean;
  #hashes = new Int32Array(16);
  // Open addressing; a slot holds a value's number + 1, 0 when it is free.
  #slots = new Int32Array(32);

  constructor(
    hashOf: (value: Value) => number = structuralHash,
    equal: (left: Value, right: Value) => boolean = structurallyEqual,
  ) {
    this.#hashOf = hashOf;
    this.#equal = equal;
  }

  get size(): number {
    return this.#values.length;
  }

  /** The value that has this number. @throws {RangeError} when none has. */
  value(number: number): Value {
    if (number < 0 || number >= this.#values.length) throw new RangeError(`no value has number ${number}`);
    return this.#values[number] as Value;
  }

  /** The value's number. */
  number(value: Value): number {
    const hash = this.#hashOf(value) | 0;
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 16)) & mask;
    for (;;) {
      const taken = this.#slots[slot] as number;
      if (taken === 0) break;
      if (this.#hashes[taken - 1] === hash && this.#equal(this.#values[taken - 1] as Value, value)) return taken - 1;
      slot = (slot + 1) & mask;
    }
    const number = this.#values.length;
    this.#values.push(value);
    if (number === this.#hashes.length) this.#grow();
    this.#hashes[number] = hash;
    this.#place(number);
    return number;
  }

  #place(number: number): void {
    const hash = this.#hashes[number] as number;
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 16)) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number + 1;
  }

  #grow(): void {
    const hashes = new Int32Array(this.#hashes.length * 2);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let number = 0; number < this.#values.length - 1; number++) this.#place(number);
  }
}
