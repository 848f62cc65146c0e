import type { Prng } from '@flotilla/runtime/virtual';

/** Keys in use at the same time: few, so that clients meet. */
const KEYS = 6;
/** Operations on a key, after which another takes its turn: the histories of keys stay short enough to be checked in no time. */
const OPERATIONS_MAX = 1_000;
/** The same for operations whose outcome nobody knows, each of which may have happened at any time since. */
const INDETERMINATE_MAX = 16;

interface Key {
  readonly name: string;
  operations: number;
  indeterminate: number;
}

/** The keys that clients work on. */
export class KeyRing {
  readonly #prefix: string;
  readonly #keys: Key[];
  readonly #all: string[] = [];

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#keys = Array.from({ length: KEYS }, () => this.#fresh());
  }

  /** Every key that was ever in use. */
  get all(): readonly string[] {
    return this.#all;
  }

  /** One of those in use. */
  draw(random: Prng): string {
    const place = random.integer(0, this.#keys.length);
    const key = this.#keys[place] ?? this.#fresh();
    key.operations++;
    if (key.operations >= OPERATIONS_MAX) this.#keys[place] = this.#fresh();
    return key.name;
  }

  /** An operation on the key ended without an outcome. */
  indeterminate(name: string): void {
    const place = this.#keys.findIndex((key) => key.name === name);
    const key = this.#keys[place];
    if (key !== undefined && ++key.indeterminate >= INDETERMINATE_MAX) this.#keys[place] = this.#fresh();
  }

  #fresh(): Key {
    const name = `${this.#prefix}${this.#all.length}`;
    this.#all.push(name);
    return { name, operations: 0, indeterminate: 0 };
  }
}
