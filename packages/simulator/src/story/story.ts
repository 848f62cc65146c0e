/** One line of a story: something that a reader who looks for the cause of a violation wants to see. */
export interface StoryLine {
  /** Virtual ms since the run began. */
  readonly atMs: number;
  /** Name of the machine; empty where it concerns no single one. */
  readonly node: string;
  readonly group: number | undefined;
  readonly what: string;
  /** A fault of the plan begins or ends. */
  readonly isFault?: boolean;
}

/** Where a line belongs. */
export interface StoryPlace {
  readonly node?: string;
  readonly group?: number;
  readonly isFault?: boolean;
}

/** What happened in a run, in order. One that is not kept costs nothing. */
export class Story {
  readonly #now: () => number;
  readonly #kept: boolean;
  readonly #lines: StoryLine[] = [];

  constructor(options: { readonly now: () => number; readonly kept: boolean }) {
    this.#now = options.now;
    this.#kept = options.kept;
  }

  /** Whether lines are kept: whoever must compute a line may ask first. */
  get isKept(): boolean {
    return this.#kept;
  }

  get lines(): readonly StoryLine[] {
    return this.#lines;
  }

  note(what: string, { node = '', group, isFault }: StoryPlace = {}): void {
    if (!this.#kept) return;
    this.#lines.push({ atMs: this.#now(), node, group, what, ...(isFault === undefined ? {} : { isFault }) });
  }
}
