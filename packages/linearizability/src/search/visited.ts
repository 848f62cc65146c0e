import { mix } from '../model/structure.js';

const CHUNK_ROWS_BITS = 10;
const CHUNK_ROWS = 1 << CHUNK_ROWS_BITS;
const NOWHERE = -1;
/** So many configurations that differ only in indeterminate operations are compared for inclusion. */
const INCLUSIONS_MAX = 48;

/**
 * The configurations that a search has been at: the first return that is still to be passed, the operations that are linearized ahead of it,
 * the indeterminate ones that were made use of, and the state. One row of 32-bit words each, in chunks; found by a 32-bit hash and compared
 * word by word.
 *
 * A configuration that has used up more indeterminate operations than another, and is else the same, can reach nothing that the other
 * cannot: it counts as visited.
 */
export class VisitedConfigurations {
  readonly #required: number;
  readonly #compared: number;
  readonly #words: number;
  readonly #chunks: Int32Array[] = [];
  readonly #row: Int32Array;
  #count = 0;
  // Open addressing by the whole configuration; a slot holds a row's number + 1.
  #slots = new Int32Array(64);
  // Chained by the configuration without its indeterminate operations: heads by hash, then the row's own link.
  #heads = new Int32Array(0);

  /** `requiredWords` and `indeterminateWords`: 32-bit words for each of the two sets of operations. */
  constructor(requiredWords: number, indeterminateWords: number) {
    this.#required = 2 + requiredWords;
    this.#compared = this.#required + indeterminateWords;
    // First return, state, both sets, hash; where there are indeterminate operations also a second hash and a link.
    this.#words = this.#compared + (indeterminateWords === 0 ? 1 : 3);
    this.#row = new Int32Array(this.#words);
    if (indeterminateWords > 0) this.#heads = new Int32Array(64).fill(NOWHERE);
  }

  get count(): number {
    return this.#count;
  }

  /** Adds a configuration; false when it, or one that can reach as much, was there. */
  add(firstReturn: number, state: number, required: Int32Array, indeterminate: Int32Array): boolean {
    const row = this.#row;
    const indeterminateEnd = this.#required + indeterminate.length;
    row[0] = firstReturn;
    row[1] = state;
    let hash = mix(mix(7, firstReturn), state);
    for (let at = 0; at < required.length; at++) {
      const word = required[at] as number;
      row[2 + at] = word;
      hash = mix(hash, word);
    }
    const coreHash = hash;
    for (let at = 0; at < indeterminate.length; at++) {
      const word = indeterminate[at] as number;
      row[this.#required + at] = word;
      hash = mix(hash, word);
    }
    row[indeterminateEnd] = hash;
    if (this.#isThere(hash)) return false;
    if (indeterminate.length > 0) {
      row[indeterminateEnd + 1] = coreHash;
      if (!this.#link(coreHash, indeterminateEnd)) return false;
    }
    this.#append(hash);
    return true;
  }

  #isThere(hash: number): boolean {
    const mask = this.#slots.length - 1;
    const words = this.#compared;
    for (let slot = (hash ^ (hash >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      const taken = this.#slots[slot] as number;
      if (taken === 0) return false;
      const chunk = this.#chunks[(taken - 1) >>> CHUNK_ROWS_BITS] as Int32Array;
      const start = ((taken - 1) & (CHUNK_ROWS - 1)) * this.#words;
      let at = 0;
      while (at < words && chunk[start + at] === this.#row[at]) at++;
      if (at === words) return true;
    }
  }

  /** Puts the row into its chain; false when a row of the chain uses only indeterminate operations that this one uses too. */
  #link(coreHash: number, indeterminateEnd: number): boolean {
    const mask = this.#heads.length - 1;
    const head = (coreHash ^ (coreHash >>> 16)) & mask;
    let inclusions = 0;
    for (let number = this.#heads[head] as number; number !== NOWHERE;) {
      const chunk = this.#chunks[number >>> CHUNK_ROWS_BITS] as Int32Array;
      const start = (number & (CHUNK_ROWS - 1)) * this.#words;
      if (chunk[start + indeterminateEnd + 1] === coreHash) {
        let at = 0;
        while (at < this.#required && chunk[start + at] === this.#row[at]) at++;
        if (at === this.#required) {
          while (at < indeterminateEnd && ((chunk[start + at] as number) & ~(this.#row[at] as number)) === 0) at++;
          if (at === indeterminateEnd) return false;
          if (++inclusions === INCLUSIONS_MAX) {
            this.#row[indeterminateEnd + 2] = NOWHERE;
            return true;
          }
        }
      }
      number = chunk[start + indeterminateEnd + 2] as number;
    }
    this.#row[indeterminateEnd + 2] = this.#heads[head] as number;
    this.#heads[head] = this.#count;
    return true;
  }

  #append(hash: number): void {
    const number = this.#count++;
    const within = number & (CHUNK_ROWS - 1);
    if (within === 0) this.#chunks.push(new Int32Array(CHUNK_ROWS * this.#words));
    (this.#chunks[number >>> CHUNK_ROWS_BITS] as Int32Array).set(this.#row, within * this.#words);
    if (this.#count * 2 > this.#slots.length) this.#grow();
    else this.#place(number, hash);
  }

  #place(number: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 16)) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number + 1;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const chained = this.#heads.length > 0;
    const hashAt = chained ? this.#words - 3 : this.#words - 1;
    if (chained) this.#heads = new Int32Array(this.#slots.length / 2).fill(NOWHERE);
    // From the last to the first, so that chains begin with what was visited first: the least was used up there.
    for (let number = this.#count - 1; number >= 0; number--) {
      const chunk = this.#chunks[number >>> CHUNK_ROWS_BITS] as Int32Array;
      const start = (number & (CHUNK_ROWS - 1)) * this.#words;
      this.#place(number, chunk[start + hashAt] as number);
      if (!chained) continue;
      const coreHash = chunk[start + hashAt + 1] as number;
      const head = (coreHash ^ (coreHash >>> 16)) & (this.#heads.length - 1);
      chunk[start + hashAt + 2] = this.#heads[head] as number;
      this.#heads[head] = number;
    }
  }
}
