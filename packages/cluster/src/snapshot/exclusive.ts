/** Runs tasks of one key one after the other, and tasks of different keys side by side. */
export class Exclusive {
  readonly #tails = new Map<number, Promise<unknown>>();

  /** Runs `task` once all earlier ones of its key have ended. */
  run<T>(key: number, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(task, task);
    this.#tails.set(key, result);
    const ended = (): void => {
      if (this.#tails.get(key) === result) this.#tails.delete(key);
    };
    result.then(ended, ended);
    return result;
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.allSettled(this.#tails.values());
  }
}

/** At most so many tasks at a time; the others wait in order. */
export class Lanes {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether another task would have to wait. */
  get isFull(): boolean {
    return this.#running >= this.#max;
  }

  /** Runs `task` as soon as a lane is free. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.isFull) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
