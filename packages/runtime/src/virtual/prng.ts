const TWO_26 = 0x400_0000;
const TWO_53 = 0x20_0000_0000_0000;
const WARM_UP_STEPS = 12;

/**
 * A seeded source of chance: the sfc32 generator (Doty-Humphrey), in 32-bit integer arithmetic only, so that every engine
 * gives the same numbers for the same seed. Not for secrets.
 */
export class Prng {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** The same seed gives the same numbers; a number and its decimal text are the same seed. */
  constructor(seed: number | string) {
    this.#seed = String(seed);
    this.#a = hash32(this.#seed, 0x9e37_79b9);
    this.#b = hash32(this.#seed, 0x85eb_ca6b);
    this.#c = hash32(this.#seed, 0xc2b2_ae35);
    for (let i = 0; i < WARM_UP_STEPS; i++) this.u32();
  }

  /** An independent source for a part of the same run: it depends on the seed and the label, not on what was drawn. */
  fork(label: number | string): Prng {
    return new Prng(`${this.#seed}/${label}`);
  }

  /** Uniform integer in [0, 2^32). */
  u32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** Uniform in [0, 1), with 53 random bits. */
  float(): number {
    const high = this.u32() >>> 5;
    const low = this.u32() >>> 6;
    return (high * TWO_26 + low) / TWO_53;
  }

  /** Uniform integer in [low, high), for safe integers. */
  integer(low: number, high: number): number {
    const span = high - low;
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || !Number.isSafeInteger(span) || span <= 0) {
      throw new RangeError(`no integers in [${low}, ${high})`);
    }
    return low + Math.floor(this.float() * span);
  }

  /** True with the given probability from 0 to 1. */
  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    // The index is below the length; an empty list is refused by `integer`.
    return items[this.integer(0, items.length)] as T;
  }

  /** A copy of the items in random order (Fisher-Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const copy = [...items];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.integer(0, i + 1);
      // Both indexes are within the copy.
      [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
    }
    return copy;
  }

  /** `length` random bytes. */
  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 4) {
      const word = this.u32();
      for (let i = 0; i < 4 && at + i < length; i++) bytes[at + i] = word >>> (8 * i);
    }
    return bytes;
  }
}

/** A 32-bit hash of the text's code units: FNV-1a, then the finaliser of MurmurHash3. */
function hash32(text: string, start: number): number {
  let hash = start ^ 0x811c_9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}
