import { crc32c } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type {
  LogBatch,
  LogEngine,
  LogEngineStats,
  RecoveredGroup,
  SnapshotMark,
  SnapshotStore,
  SnapshotWriter,
  StoredSnapshot,
} from '@flotilla/storage';
import { MemoryLogEngine } from '@flotilla/storage/memory';

interface Waiting {
  readonly batch: LogBatch;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A log whose writes take time, and are lost with a crash or not, as chance will have it. */
export class SlowLog implements LogEngine {
  readonly durability = 'power';
  readonly batches: LogBatch[] = [];
  /** ms that a write takes. */
  delay: () => number = () => 2;
  /** Rejects the next append. */
  failNext = false;
  /** Rejects appends for want of room, and does nothing of them, until it is false. */
  full = false;
  /** Appends that were rejected for want of room. */
  refused: LogBatch[] = [];
  /** Writes wait until it is false. */
  stalled = false;
  #engine: MemoryLogEngine;
  #runtime: Runtime;
  #waiting: Waiting[] = [];
  #dead = false;

  constructor(runtime: Runtime, engine: MemoryLogEngine = new MemoryLogEngine()) {
    this.#runtime = runtime;
    this.#engine = engine;
  }

  recover(): Promise<readonly RecoveredGroup[]> {
    return this.#engine.recover();
  }

  append(batch: LogBatch): Promise<void> {
    this.batches.push(batch);
    if (this.failNext || this.#dead) {
      this.#dead = true;
      return Promise.reject(
        new FlotillaError('StorageFailed', { message: 'no more', details: { operation: 'append' } }),
      );
    }
    if (this.full) {
      this.batches.pop();
      this.refused.push(batch);
      return Promise.reject(new FlotillaError('StorageFull', { message: 'no room', details: {} }));
    }
    return new Promise((resolve, reject) => {
      const waiting = { batch, resolve, reject };
      this.#waiting.push(waiting);
      this.#runtime.setTimer(this.delay(), () => this.#land(waiting));
    });
  }

  #land(waiting: Waiting): void {
    if (this.#dead) return;
    if (this.stalled) {
      this.#runtime.setTimer(5, () => this.#land(waiting));
      return;
    }
    this.#waiting = this.#waiting.filter((other) => other !== waiting);
    this.#engine.append(waiting.batch).then(waiting.resolve, waiting.reject);
  }

  /** The process dies: each write under way is on the disk or not, but none after a lost one. */
  async crash(survives: () => boolean): Promise<MemoryLogEngine> {
    this.#dead = true;
    for (const { batch } of this.#waiting) {
      if (!survives()) break;
      await this.#engine.append(batch);
    }
    await this.#engine.close();
    return this.#engine.reopen();
  }

  stats(): LogEngineStats {
    return this.#engine.stats();
  }

  async close(): Promise<void> {
    this.#dead = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

interface Content {
  readonly stored: StoredSnapshot;
  readonly bytes: Uint8Array;
}

/** Snapshots in memory. `restarted` gives the store as a new process finds it. */
export class MemorySnapshots implements SnapshotStore {
  readonly contents = new Map<number, Content[]>();
  readonly partials = new Map<number, { readonly mark: SnapshotMark; bytes: Uint8Array }>();
  /** Reads that fail, after some bytes. */
  failingReads = 0;
  /** Called before each write of a chunk. */
  beforeWrite: (group: number, offset: number) => void | Promise<void> = () => undefined;
  #alive = true;

  restarted(): MemorySnapshots {
    this.#alive = false;
    const next = new MemorySnapshots();
    for (const [group, contents] of this.contents) next.contents.set(group, contents);
    for (const [group, partial] of this.partials) next.partials.set(group, partial);
    next.failingReads = this.failingReads;
    return next;
  }

  async list(): Promise<readonly StoredSnapshot[]> {
    return [...this.contents.values()].flatMap((contents) => contents.slice(-1).map(({ stored }) => stored));
  }

  async create(
    group: number,
    mark: SnapshotMark,
    options: { readonly resume?: boolean } = {},
  ): Promise<SnapshotWriter> {
    const kept = this.partials.get(group);
    const resumes = options.resume === true && kept?.mark.index === mark.index && kept.mark.term === mark.term;
    const partial = { mark, bytes: resumes && kept !== undefined ? kept.bytes : new Uint8Array(0) };
    this.partials.set(group, partial);
    const check = (): void => {
      if (!this.#alive) throw new FlotillaError('StorageFailed', { message: 'dead', details: { operation: 'write' } });
    };
    return {
      get offset() {
        return partial.bytes.length;
      },
      write: async (chunk) => {
        await this.beforeWrite(group, partial.bytes.length);
        check();
        const grown = new Uint8Array(partial.bytes.length + chunk.length);
        grown.set(partial.bytes);
        grown.set(chunk, partial.bytes.length);
        partial.bytes = grown;
      },
      commit: async (expected) => {
        check();
        this.partials.delete(group);
        const { bytes } = partial;
        const stored = { ...mark, group, size: bytes.length, checksum: crc32c(bytes) };
        if (expected !== undefined && (expected.size !== stored.size || expected.checksum !== stored.checksum)) {
          throw new FlotillaError('StorageCorrupt', {
            message: 'differs',
            details: { path: 'p', offset: 0, reason: 'differs' },
          });
        }
        const contents = (this.contents.get(group) ?? []).filter((other) => other.stored.index < mark.index);
        this.contents.set(group, [...contents, { stored, bytes }]);
        return stored;
      },
      abort: async (how) => {
        if (how?.keep !== true) this.partials.delete(group);
      },
    };
  }

  async *read(snapshot: StoredSnapshot, options: { readonly offset?: number } = {}): AsyncIterable<Uint8Array> {
    const content = this.contents.get(snapshot.group)?.find(({ stored }) => stored.index === snapshot.index);
    if (content === undefined)
      throw new FlotillaError('StorageFailed', { message: 'gone', details: { operation: 'read' } });
    const { bytes } = content;
    for (let at = options.offset ?? 0; at < bytes.length; at += 1000) {
      yield bytes.subarray(at, at + 1000);
      if (this.failingReads > 0) {
        this.failingReads--;
        throw new FlotillaError('StorageFailed', { message: 'a bad read', details: { operation: 'read' } });
      }
    }
  }

  async prune(group: number, options: { readonly below: number } | { readonly all: true }): Promise<void> {
    if ('all' in options) {
      this.contents.delete(group);
      this.partials.delete(group);
      return;
    }
    const left = (this.contents.get(group) ?? []).filter(({ stored }) => stored.index >= options.below);
    this.contents.set(group, left);
  }

  async sweepPartials(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    this.#alive = false;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
