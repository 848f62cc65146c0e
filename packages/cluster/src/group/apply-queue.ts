import { type ApplyWork, type Entry, EntryType } from '@flotilla/raft-core';

/** A run of committed entries of one kind, to be delivered in one go. */
export interface Delivery {
  readonly kind: 'commands' | 'empty' | 'conf-change';
  readonly entries: readonly Entry[];
  /** Index of the last entry. */
  readonly last: number;
  readonly lastTerm: number;
  readonly bytes: number;
}

/**
 * Committed entries on their way to the state machine, strictly in log order. It cuts them into runs: commands together,
 * empty entries together, each membership change alone, so that it takes effect exactly between its neighbours.
 */
export class ApplyQueue {
  #works: ApplyWork[] = [];
  #position = 0;

  get isEmpty(): boolean {
    return this.#works.length === 0;
  }

  push(work: ApplyWork): void {
    this.#works.push(work);
  }

  /** Takes all works away: a snapshot replaced what was to be applied. */
  takeAll(): readonly ApplyWork[] {
    const works = this.#works;
    this.#works = [];
    this.#position = 0;
    return works;
  }

  /** The next run of at most so many entries and bytes, but at least one entry; undefined at the end of the work at hand. */
  next(entriesMax: number, bytesMax: number): Delivery | undefined {
    const entries = this.#works[0]?.entries;
    const first = entries?.[this.#position];
    if (entries === undefined || first === undefined) return undefined;
    const kind = kindOf(first);
    let bytes = first.data.length;
    let to = this.#position + 1;
    while (kind !== 'conf-change' && to < entries.length && to - this.#position < entriesMax) {
      const entry = entries[to] as Entry;
      if (kindOf(entry) !== kind || bytes + entry.data.length > bytesMax) break;
      bytes += entry.data.length;
      to++;
    }
    const last = entries[to - 1] as Entry;
    const whole = this.#position === 0 && to === entries.length;
    const run = whole ? entries : entries.slice(this.#position, to);
    return { kind, entries: run, last: last.index, lastTerm: last.term, bytes };
  }

  /** The run that `next` gave was applied. Returns the work when it was its last. */
  done(delivery: Delivery): ApplyWork | undefined {
    const work = this.#works[0];
    this.#position += delivery.entries.length;
    if (work === undefined || this.#position < work.entries.length) return undefined;
    this.#works.shift();
    this.#position = 0;
    return work;
  }
}

function kindOf(entry: Entry): Delivery['kind'] {
  if (entry.type !== EntryType.Normal) return 'conf-change';
  return entry.data.length === 0 ? 'empty' : 'commands';
}
