import { crc32c, equals } from '@flotilla/bytes';
import { isFlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { Files } from '../files.js';
import type { SnapshotMark } from '../log-engine.js';
import type { SnapshotStore, SnapshotWriter, StoredSnapshot } from '../snapshot-store.js';
import { corrupt, failed, invalid } from '../storage-errors.js';
import { FileSnapshotWriter } from './file-snapshot-writer.js';
import { SnapshotFile } from './snapshot-file.js';
import { encodeSnapshotHeader, type SnapshotProgress, type SnapshotTitle } from './snapshot-format.js';

const COMPLETE = /^(\d+)-(\d+)-(\d+)\.snapshot$/;
const PARTIAL = /^(\d+)-(\d+)-(\d+)\.partial$/;

/** How a FileSnapshotStore is opened. */
export interface FileSnapshotStoreOptions {
  readonly files: Files;
  /** Its own folder, made where missing. The caller has locked it, or one above it. */
  readonly folder: string;
  /** For the age of partials. */
  readonly runtime: Pick<Runtime, 'now'>;
}

/** Snapshots as files, one each: written aside, synced, renamed. See docs/disk-format.md. */
export class FileSnapshotStore implements SnapshotStore {
  readonly #files: Files;
  readonly #folder: string;
  readonly #runtime: Pick<Runtime, 'now'>;
  /** Complete ones by file name. */
  readonly #complete = new Map<string, StoredSnapshot>();
  /** Partials without a writer: when they were touched last. */
  readonly #partials = new Map<string, number>();
  readonly #writers = new Map<number, SnapshotWriter | 'opening'>();
  #isClosed = false;

  private constructor(options: FileSnapshotStoreOptions) {
    this.#files = options.files;
    this.#folder = options.folder;
    this.#runtime = options.runtime;
  }

  /** Reads the titles of all snapshots. @throws StorageCorrupt, IncompatibleVersion, StorageFailed */
  static async open(options: FileSnapshotStoreOptions): Promise<FileSnapshotStore> {
    const { files, folder, runtime } = options;
    const store = new FileSnapshotStore(options);
    await files.makeFolder(folder);
    // A process that died may have left a name that only the kernel's cache knows.
    await files.syncFolder(folder);
    for (const name of await files.list(folder)) {
      if (PARTIAL.test(name)) store.#partials.set(name, runtime.now());
      if (COMPLETE.test(name)) store.#complete.set(name, await readTitle(files, `${folder}/${name}`, name));
    }
    return store;
  }

  async list(): Promise<readonly StoredSnapshot[]> {
    this.#checkOpen('list');
    const newest = new Map<number, StoredSnapshot>();
    for (const snapshot of this.#complete.values()) {
      const best = newest.get(snapshot.group);
      if (best === undefined || isNewer(snapshot, best)) newest.set(snapshot.group, snapshot);
    }
    return [...newest.values()].sort((a, b) => a.group - b.group);
  }

  async create(
    group: number,
    mark: SnapshotMark,
    options: { readonly resume?: boolean } = {},
  ): Promise<SnapshotWriter> {
    this.#checkOpen('create');
    const { index, term } = mark;
    if (![group, index, term].every((value) => Number.isSafeInteger(value) && value >= 0)) {
      throw invalid('mark', `group ${group}, index ${index}, term ${term} are not safe integers from 0 on`);
    }
    if (this.#writers.has(group)) throw invalid('group', `group ${group} has a snapshot writer already`);
    this.#writers.set(group, 'opening');
    try {
      const title: SnapshotTitle = { group, index, term, confState: mark.confState };
      const writer = await this.#open(title, options.resume === true);
      this.#writers.set(group, writer);
      return writer;
    } catch (error) {
      this.#writers.delete(group);
      throw error;
    }
  }

  async *read(
    snapshot: StoredSnapshot,
    options: { readonly offset?: number } = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    this.#checkOpen('read');
    const offset = options.offset ?? 0;
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > snapshot.size) {
      throw invalid('offset', `${offset} is not within the ${snapshot.size} bytes of the snapshot`);
    }
    const path = `${this.#folder}/${nameOf(snapshot, 'snapshot')}`;
    const handle = await this.#files.open(path);
    try {
      const file = await SnapshotFile.read(handle);
      let checksum = 0;
      let at = 0;
      for await (const piece of file.content(0, snapshot.size)) {
        checksum = crc32c(piece, checksum);
        const skipped = Math.min(piece.length, Math.max(0, offset - at));
        at += piece.length;
        // The last piece waits for the verdict, so that nobody has all of a snapshot that is not whole.
        if (at === snapshot.size && checksum !== snapshot.checksum) break;
        if (skipped < piece.length) yield skipped === 0 ? piece : piece.subarray(skipped);
      }
      if (at !== snapshot.size)
        throw corrupt(path, file.contentAt + at, `its content should have ${snapshot.size} bytes`);
      if (checksum !== snapshot.checksum) throw corrupt(path, file.contentAt, 'the checksum of its content differs');
    } finally {
      await handle.close();
    }
  }

  async prune(group: number, options: { readonly below: number } | { readonly all: true }): Promise<void> {
    this.#checkOpen('prune');
    const below = 'below' in options ? options.below : Number.POSITIVE_INFINITY;
    const names = [...this.#complete].filter(([, snapshot]) => snapshot.group === group && snapshot.index < below);
    const partials = 'all' in options ? [...this.#partials.keys()].filter((name) => groupOf(name) === group) : [];
    for (const [name] of names) {
      await this.#files.remove(`${this.#folder}/${name}`);
      this.#complete.delete(name);
    }
    for (const name of partials) await this.#removePartial(name);
    if (names.length + partials.length > 0) await this.#files.syncFolder(this.#folder);
  }

  async sweepPartials(maxAgeMs: number): Promise<number> {
    this.#checkOpen('sweepPartials');
    const now = this.#runtime.now();
    const old = [...this.#partials].filter(([, touched]) => now - touched >= maxAgeMs);
    for (const [name] of old) await this.#removePartial(name);
    if (old.length > 0) await this.#files.syncFolder(this.#folder);
    return old.length;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const writer of this.#writers.values()) if (typeof writer === 'object') await writer.abort({ keep: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A writer, over the kept partial where it fits. */
  async #open(title: SnapshotTitle, resume: boolean): Promise<SnapshotWriter> {
    const name = nameOf(title, 'partial');
    const path = `${this.#folder}/${name}`;
    for (const other of this.#partials.keys()) {
      if (groupOf(other) === title.group && !(resume && other === name)) await this.#removePartial(other);
    }
    if (this.#partials.has(name)) {
      const resumed = await this.#resume(path, title);
      if (resumed !== undefined) {
        this.#partials.delete(name);
        return new FileSnapshotWriter(resumed.file, this.#hostOf(title), resumed.progress);
      }
      await this.#removePartial(name);
    }
    const handle = await this.#files.open(path, { create: true });
    try {
      return new FileSnapshotWriter(await SnapshotFile.begin(handle, title), this.#hostOf(title), undefined);
    } catch (error) {
      await handle.close();
      await this.#files.remove(path);
      throw error;
    }
  }

  /** An open partial and what of it can be trusted; undefined: nothing. */
  async #resume(
    path: string,
    title: SnapshotTitle,
  ): Promise<{ file: SnapshotFile; progress: SnapshotProgress } | undefined> {
    const handle = await this.#files.open(path);
    let resumed: { file: SnapshotFile; progress: SnapshotProgress } | undefined;
    try {
      const file = await SnapshotFile.read(handle);
      const progress = equals(encodeSnapshotHeader(file.title), encodeSnapshotHeader(title))
        ? await durableProgress(file)
        : undefined;
      if (progress !== undefined) resumed = { file, progress };
    } catch (error) {
      // A header that did not reach the disk: a partial may be anything.
      if (!isFlotillaError(error, 'StorageCorrupt') && !isFlotillaError(error, 'IncompatibleVersion')) throw error;
    } finally {
      if (resumed === undefined) await handle.close();
    }
    return resumed;
  }

  #hostOf(title: SnapshotTitle): ConstructorParameters<typeof FileSnapshotWriter>[1] {
    const partial = nameOf(title, 'partial');
    return {
      publish: async (snapshot) => {
        const name = nameOf(title, 'snapshot');
        await this.#files.rename(`${this.#folder}/${partial}`, `${this.#folder}/${name}`);
        await this.#files.syncFolder(this.#folder);
        this.#complete.set(name, snapshot);
      },
      release: async (outcome) => {
        this.#writers.delete(title.group);
        if (outcome === 'kept') this.#partials.set(partial, this.#runtime.now());
        if (outcome === 'dropped') await this.#files.remove(`${this.#folder}/${partial}`);
      },
    };
  }

  async #removePartial(name: string): Promise<void> {
    await this.#files.remove(`${this.#folder}/${name}`);
    this.#partials.delete(name);
  }

  #checkOpen(operation: string): void {
    if (this.#isClosed) throw failed(operation, this.#folder, 'the snapshot store is closed');
  }
}

/** The furthest progress that the content bears out. */
async function durableProgress(file: SnapshotFile): Promise<SnapshotProgress | undefined> {
  for (const progress of await file.progress()) {
    if ((await file.checksumOf(progress.size)) === progress.checksum) return progress;
  }
  return undefined;
}

/** The snapshot that a complete file holds, by its name, header and progress, which must agree. */
async function readTitle(files: Files, path: string, name: string): Promise<StoredSnapshot> {
  const handle = await files.open(path);
  try {
    const file = await SnapshotFile.read(handle);
    const { size, checksum } = await file.completed();
    const snapshot: StoredSnapshot = { ...file.title, size, checksum };
    if (nameOf(snapshot, 'snapshot') !== name)
      throw corrupt(path, 0, `it is ${nameOf(snapshot, 'snapshot')} by its header`);
    return snapshot;
  } finally {
    await handle.close();
  }
}

function nameOf({ group, index, term }: Pick<SnapshotTitle, 'group' | 'index' | 'term'>, kind: string): string {
  return `${group}-${index}-${term}.${kind}`;
}

function groupOf(name: string): number {
  return Number(name.slice(0, name.indexOf('-')));
}

function isNewer(a: StoredSnapshot, b: StoredSnapshot): boolean {
  return a.index > b.index || (a.index === b.index && a.term > b.term);
}
