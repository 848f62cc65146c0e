import { crc32c } from '@flotilla/bytes';
import { type Entry, EntryType } from '@flotilla/raft-core';

/** What was first seen of an entry. */
export interface RegisteredEntry {
  readonly term: number;
  /** Of kind and data. */
  readonly digest: number;
  /** Term of the entry before it; -1: not known. */
  previousTerm: number;
}

/**
 * All entries ever seen in any log of a group, by index and term, with the term of the entry before each: by induction, logs that agree
 * with it agree with one another in all before an entry that they share (Raft paper, figure 3, Log Matching).
 */
export class EntryRegister {
  /** By index: nearly always one. */
  readonly #first: (RegisteredEntry | undefined)[] = [];
  readonly #others = new Map<number, RegisteredEntry[]>();

  /** Takes an entry down, unless one of its index and term was seen before. */
  register(entry: Entry, previousTerm: number): void {
    const { index, term } = entry;
    const known = this.find(index, term);
    if (known !== undefined) {
      if (known.previousTerm < 0) known.previousTerm = previousTerm;
      return;
    }
    const registered: RegisteredEntry = { term, digest: digestOf(entry), previousTerm };
    const others = this.#others.get(index);
    if (this.#first[index] === undefined) this.#first[index] = registered;
    else if (others === undefined) this.#others.set(index, [registered]);
    else others.push(registered);
  }

  /** Undefined where no such entry was seen. */
  find(index: number, term: number): RegisteredEntry | undefined {
    const first = this.#first[index];
    if (first === undefined || first.term === term) return first;
    return this.#others.get(index)?.find((other) => other.term === term);
  }
}

/** Whether an entry is given to the state machine: it is neither empty nor a change of membership. */
export function isCommand({ type, data }: Entry): boolean {
  return type === EntryType.Normal && data.length > 0;
}

/** Of an entry's kind and data: 32 bits, so that two different ones are taken for equal once in four billion. */
export function digestOf({ type, data }: Pick<Entry, 'type' | 'data'>): number {
  return crc32c(data, type);
}
