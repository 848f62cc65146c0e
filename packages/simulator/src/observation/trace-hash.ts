import type { Observation } from './observation.js';
import type { Observer } from './observer.js';

const PRIME_A = 0x9e37_79b1;
const PRIME_B = 0x85eb_ca6b;

/** Texts up to this length are remembered, so many of them. */
const SHORT_TEXT_MAX = 24;
const TEXTS_MAX = 4_096;

/**
 * Folds all observations of a run, with their virtual times, into 64 bits: two runs that did the same have the same hash, on every engine.
 * Not for secrets. Numbers are folded by their bits, texts by code units, bytes one by one, objects by the values of their
 * fields in order.
 */
export class TraceHash implements Observer {
  readonly #now: () => number;
  readonly #number = new Float64Array(1);
  readonly #words = new Uint32Array(this.#number.buffer);
  readonly #texts = new Map<string, number>();
  #a = 0x1234_5678;
  #b = 0x0fed_cba9;
  #count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Observations folded so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes in what happened. Left out is what only repeats something: figures that nodes were asked for, and messages that leave, which were
   * traced when they were made.
   */
  observe(observation: Observation): void {
    this.#count += 1;
    if (observation.kind === 'polled' || observation.kind === 'message-leaves') return;
    this.#fold(this.#now());
    this.#fold(observation);
  }

  /** 16 hexadecimal digits. */
  digest(): string {
    const a = mix(this.#a ^ Math.imul(this.#b, PRIME_A));
    const b = mix(this.#b ^ Math.imul(this.#a, PRIME_B));
    return hex(a) + hex(b);
  }

  #word(word: number): void {
    this.#a = Math.imul(this.#a ^ word, PRIME_A);
    this.#a ^= this.#a >>> 15;
    this.#b = (Math.imul(this.#b, PRIME_B) + (word ^ (this.#b >>> 13))) | 0;
  }

  #fold(value: unknown): void {
    switch (typeof value) {
      case 'number':
        return this.#foldNumber(value);
      case 'string':
        return this.#foldText(value);
      case 'boolean':
        return this.#word(value ? 3 : 5);
      case 'undefined':
        return this.#word(7);
      case 'bigint':
        return this.#foldText(value.toString());
      case 'object':
        return value === null ? this.#word(11) : this.#foldObject(value);
      default:
        throw new TypeError(`an observation holds a ${typeof value}, which cannot be hashed`);
    }
  }

  #foldNumber(value: number): void {
    if ((value | 0) === value) return this.#word(value);
    this.#number[0] = value;
    for (const word of this.#words) this.#word(word);
  }

  /** Kinds and names come again and again: short texts are folded once, into one word. */
  #foldText(text: string): void {
    if (text.length > SHORT_TEXT_MAX) return this.#word(textWord(text));
    let word = this.#texts.get(text);
    if (word === undefined) {
      word = textWord(text);
      if (this.#texts.size < TEXTS_MAX) this.#texts.set(text, word);
    }
    this.#word(word);
  }

  #foldObject(value: object): void {
    if (value instanceof Uint8Array) return this.#foldBytes(value);
    if (Array.isArray(value)) {
      this.#word(value.length);
      for (const item of value) this.#fold(item);
      return;
    }
    if (value instanceof Error) return this.#foldText(`${value.name}: ${value.message}`);
    if (value instanceof Map || value instanceof Set) {
      this.#word(value.size);
      for (const item of value) this.#fold(item);
      return;
    }
    for (const key in value) this.#fold((value as Readonly<Record<string, unknown>>)[key]);
  }

  #foldBytes(bytes: Uint8Array): void {
    this.#word(bytes.length);
    for (let at = 0; at < bytes.length; at++) this.#word(bytes[at] ?? 0);
  }
}

function textWord(text: string): number {
  let word = text.length;
  for (let at = 0; at < text.length; at++) word = Math.imul(word ^ text.charCodeAt(at), PRIME_A) + 1;
  return word | 0;
}

function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), PRIME_B);
  mixed = Math.imul(mixed ^ (mixed >>> 13), PRIME_A);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
