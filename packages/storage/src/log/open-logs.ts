import type { LogEngine } from '../log-engine.js';
import { invalid } from '../storage-errors.js';

/**
 * The logs of a node's workers: each is opened once at most, and all are closed together. What a NodeStorage has for `log` and for a
 * part of its `close`, wherever its logs are.
 */
export class OpenLogs {
  readonly #open: (worker: number) => Promise<LogEngine>;
  readonly #logs = new Map<number, Promise<LogEngine>>();
  #closed: Promise<void> | undefined;

  /** @param open - Opens the log of a worker that has none open; one call at a time for a worker. */
  constructor(open: (worker: number) => Promise<LogEngine>) {
    this.#open = open;
  }

  /**
   * Opens the log of a worker. One that could not be opened may be tried again.
   *
   * @throws InvalidArgument: `worker` is no safe integer from 0 on, its log was opened before, or `close` was called; else what `open` threw
   */
  async open(worker: number): Promise<LogEngine> {
    if (!Number.isSafeInteger(worker) || worker < 0) throw invalid('worker', `${worker} is not a number from 0 on`);
    if (this.#closed !== undefined) throw closed();
    if (this.#logs.has(worker)) throw invalid('worker', `the log of worker ${worker} is open already`);
    const opening = this.#open(worker);
    this.#logs.set(worker, opening);
    try {
      const log = await opening;
      if (this.#closed === undefined) return log;
    } catch (error) {
      this.#logs.delete(worker);
      throw error;
    }
    await this.#closed;
    throw closed();
  }

  /** Closes every log, those too that are only being opened. @throws what the first of them threw that could not be closed, once all were tried */
  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    const closings = await Promise.allSettled(
      [...this.#logs.values()].map(async (opening) => {
        const [opened] = await Promise.allSettled([opening]);
        if (opened.status === 'fulfilled') await opened.value.close();
      }),
    );
    for (const closing of closings) if (closing.status === 'rejected') throw closing.reason;
  }
}

const closed = (): Error => invalid('worker', 'the storage is closed');
