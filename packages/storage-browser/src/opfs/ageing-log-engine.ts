import type { Runtime, Timer } from '@flotilla/runtime';
import { isFlotillaError } from '@flotilla/errors';
import { failed } from '@flotilla/storage/engine';
import type { Durability, GroupWrite, LogBatch, LogEngine, LogEngineStats, RecoveredGroup } from '@flotilla/storage';

/** Both logs of a pool that is new. */
export interface AgeingLogOptions {
  /** In the strict database: the log that counts until the pool is old. */
  readonly strict: LogEngine;
  /** In the pool, empty. */
  readonly pool: LogEngine;
  readonly runtime: Pick<Runtime, 'setTimer'>;
  /** How long the pool's files must have been there before their names are taken for durable (ms). */
  readonly ageMs: number;
  /** The pool's log counts from now on, and the strict one is dropped: durable when it resolves. */
  readonly trustPool: () => Promise<void>;
}

/**
 * A log written twice while the pool's files are new: by then only the strict database would survive a power cut. Once they are old the pool's
 * log goes on alone. An append that comes after that resolves only when the change is durable, so that at every moment one log has it all.
 */
export class AgeingLogEngine implements LogEngine {
  readonly durability: Durability;
  readonly #options: AgeingLogOptions;
  #timer: Timer | undefined;
  /** The batch for which one of the logs had no room, and the log that has it already. It is tried again, and is not to be there twice. */
  #half: { readonly batch: LogBatch; readonly holder: 'strict' | 'pool' } | undefined;
  #trusting: Promise<void> | undefined;

  constructor(options: AgeingLogOptions) {
    this.#options = options;
    this.durability = options.strict.durability;
  }

  async recover(): Promise<readonly RecoveredGroup[]> {
    const { strict, pool, runtime, ageMs } = this.#options;
    const groups = await strict.recover();
    await pool.recover();
    for (const batch of batchesOf(groups)) await pool.append(batch);
    this.#timer = runtime.setTimer(ageMs, () => {
      this.#trusting = this.#trust();
      // Whoever appends from now on is told; before that nobody waits for it.
      this.#trusting.catch(() => undefined);
    });
    return groups;
  }

  async append(batch: LogBatch): Promise<void> {
    const { strict, pool } = this.#options;
    const half = this.#half;
    if (half !== undefined && half.batch !== batch) {
      throw failed('append', 'the OPFS log', 'one of its logs has a batch for which the other had no room');
    }
    const trusting = this.#trusting;
    const [inPool, inStrict] = await Promise.allSettled([
      half?.holder === 'pool' ? undefined : pool.append(batch),
      trusting ?? (half?.holder === 'strict' ? undefined : strict.append(batch)),
    ]);
    this.#half = undefined;
    if (inPool.status === 'rejected') {
      // Once the pool is trusted, there is no other log to have anything.
      if (inStrict.status === 'fulfilled' && trusting === undefined) this.#keepHalf(batch, 'strict', inPool.reason);
      throw worse(inPool.reason, inStrict);
    }
    if (inStrict.status === 'rejected') {
      this.#keepHalf(batch, 'pool', inStrict.reason);
      throw inStrict.reason;
    }
  }

  #keepHalf(batch: LogBatch, holder: 'strict' | 'pool', reason: unknown): void {
    if (isFlotillaError(reason, 'StorageFull')) this.#half = { batch, holder };
  }

  stats(): LogEngineStats {
    return this.#options.pool.stats();
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    // Where it failed, whoever appended since was told, and nobody else has lost anything.
    await this.#trusting?.catch(() => undefined);
    await Promise.all([this.#options.strict.close(), this.#options.pool.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * The strict log ends first: what it was given is durable in it when the pool's takes over. If that fails there is no log that has it all
   * and takes more, for want of room too: this engine is at its end.
   */
  async #trust(): Promise<void> {
    try {
      await this.#options.strict.close();
      await this.#options.trustPool();
    } catch (error) {
      throw failed('trust', 'the OPFS log', error);
    }
  }
}

/**
 * Batches that bring an empty log to what was recovered. Entries may reach back before the snapshot mark, where no log can begin: it begins with a
 * mark of its own just before them, which the true one then replaces.
 */
function batchesOf(groups: readonly RecoveredGroup[]): LogBatch[] {
  const begin: GroupWrite[] = [];
  const rest: GroupWrite[] = [];
  for (const { group, hardState, snapshotMark, entries } of groups) {
    const before = (entries[0]?.index ?? 1) - 1;
    if (snapshotMark !== undefined && entries.length > 0 && before > 0) {
      begin.push({ group, snapshotMark: { ...snapshotMark, index: before } });
    }
    rest.push({ group, hardState, ...(entries.length === 0 ? {} : { entries }) });
  }
  const marks = groups.flatMap(({ group, snapshotMark }) =>
    snapshotMark === undefined ? [] : [{ group, snapshotMark }],
  );
  return [begin, rest, marks].filter((batch) => batch.length > 0);
}

/** Of what both logs say, that which is no want of room: for after that the batch would be tried again. */
function worse(reason: unknown, other: PromiseSettledResult<void>): unknown {
  return isFlotillaError(reason, 'StorageFull') && other.status === 'rejected' ? other.reason : reason;
}
