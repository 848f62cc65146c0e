import {
  countWithin,
  EMPTY_HARD_STATE,
  EMPTY_SNAPSHOT,
  type ConfState,
  type Entry,
  type HardState,
  type Snapshot,
  type Storage,
} from '../src/index.js';

/** What a disk holds at one moment. Never changed: each write makes a new one. */
export interface DiskImage {
  readonly hardState: HardState;
  readonly snapshot: Snapshot;
  /** Index and term of the entry before the first one that is kept. */
  readonly before: number;
  readonly beforeTerm: number;
  readonly entries: readonly Entry[];
}

/** One write, as a Ready asks for it. */
export interface DiskWrite {
  readonly hardState?: HardState | undefined;
  readonly snapshot?: Snapshot | undefined;
  readonly entries?: readonly Entry[];
}

const EMPTY_IMAGE: DiskImage = {
  hardState: EMPTY_HARD_STATE,
  snapshot: EMPTY_SNAPSHOT,
  before: 0,
  beforeTerm: 0,
  entries: [],
};

/**
 * Storage that can lose what was not synced: after a crash it is as it was at some moment since the last sync.
 * Writes are atomic and in order, as those of a real log are.
 */
export class Disk implements Storage {
  #image: DiskImage = EMPTY_IMAGE;
  /** The last synced image, then one for each write since. */
  #survivors: DiskImage[] = [EMPTY_IMAGE];
  /** The state machine as it is now, for whoever needs a snapshot. */
  newestSnapshot: () => Snapshot = () => this.#image.snapshot;

  get image(): DiskImage {
    return this.#image;
  }

  write({ hardState, snapshot, entries = [] }: DiskWrite, isSynced: boolean): void {
    let image = this.#image;
    if (hardState !== undefined) image = { ...image, hardState };
    if (snapshot !== undefined && snapshot.index > image.snapshot.index) {
      image = { ...image, snapshot, before: snapshot.index, beforeTerm: snapshot.term, entries: [] };
    }
    this.#put({ ...image, entries: appended(image, entries) }, isSynced);
  }

  /** A snapshot of the state machine at `index`, and the log before `compactTo` forgotten. Synced. */
  saveSnapshot(index: number, confState: ConfState, data: Uint8Array, compactTo: number): void {
    const term = this.term(index);
    const beforeTerm = this.term(compactTo);
    if (typeof term !== 'number' || typeof beforeTerm !== 'number')
      throw new Error(`snapshot ${index} is out of the log`);
    const { hardState, before, entries } = this.#image;
    this.#put(
      {
        hardState,
        snapshot: { index, term, confState, data },
        before: compactTo,
        beforeTerm,
        entries: entries.slice(compactTo - before),
      },
      true,
    );
  }

  /** Images that a crash now may leave behind; the last one has everything. */
  get survivors(): readonly DiskImage[] {
    return this.#survivors;
  }

  /** The machine has crashed and this is what it finds. */
  recover(image: DiskImage): void {
    this.#put(image, true);
  }

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.#image.hardState, confState: this.#image.snapshot.confState };
  }

  entries(low: number, high: number, maxSizeBytes: number): readonly Entry[] | 'compacted' | 'unavailable' {
    const { before, entries } = this.#image;
    if (low <= before) return 'compacted';
    if (high > this.lastIndex() + 1) return 'unavailable';
    const from = low - before - 1;
    return entries.slice(from, from + countWithin(entries, from, high - before - 1, maxSizeBytes));
  }

  term(index: number): number | 'compacted' | 'unavailable' {
    const { before, beforeTerm, entries } = this.#image;
    if (index < before) return 'compacted';
    return index === before ? beforeTerm : (entries[index - before - 1]?.term ?? 'unavailable');
  }

  lastIndex(): number {
    return this.#image.before + this.#image.entries.length;
  }

  firstIndex(): number {
    return this.#image.before + 1;
  }

  snapshot(): Snapshot | 'unavailable' {
    return this.newestSnapshot();
  }

  #put(image: DiskImage, isSynced: boolean): void {
    this.#image = image;
    if (isSynced) this.#survivors = [];
    this.#survivors.push(image);
  }
}

function appended({ before, entries }: DiskImage, added: readonly Entry[]): readonly Entry[] {
  const fresh = added.filter(({ index }) => index > before);
  const [first] = fresh;
  if (first === undefined) return entries;
  if (first.index > before + entries.length + 1) throw new Error(`append at ${first.index} leaves a gap`);
  return [...entries.slice(0, first.index - before - 1), ...fresh];
}
