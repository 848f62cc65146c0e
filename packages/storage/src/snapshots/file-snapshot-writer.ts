import { crc32c } from '@flotilla/bytes';
import type { SnapshotWriter, StoredSnapshot } from '../snapshot-store.js';
import { asStorageError, corrupt, failed } from '../storage-errors.js';
import type { SnapshotProgress } from './snapshot-format.js';
import type { SnapshotFile } from './snapshot-file.js';

/** Content is made durable, and progress noted, at least this often. */
const CHECKPOINT_BYTES = 16 * 1024 * 1024;

/** What the writer asks of its store. */
export interface SnapshotWriterHost {
  /** Gives the durable file its final name, durably. */
  publish(snapshot: StoredSnapshot): Promise<void>;
  /** The writer is done: its file was published, or stays as a partial, or goes. */
  release(outcome: 'published' | 'kept' | 'dropped'): Promise<void>;
}

/** Writes the content of one snapshot file. */
export class FileSnapshotWriter implements SnapshotWriter {
  readonly #file: SnapshotFile;
  readonly #host: SnapshotWriterHost;
  #offset: number;
  #checksum: number;
  #turn: number;
  #uncheckedBytes = 0;
  #isDone = false;

  /** @param progress Where to go on; undefined: from the beginning. */
  constructor(file: SnapshotFile, host: SnapshotWriterHost, progress: SnapshotProgress | undefined) {
    this.#file = file;
    this.#host = host;
    this.#offset = progress?.size ?? 0;
    this.#checksum = progress?.checksum ?? 0;
    this.#turn = progress?.turn ?? 0;
  }

  get offset(): number {
    return this.#offset;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#checkOpen('write');
    await this.#orDrop('write', async () => {
      const checksum = crc32c(chunk, this.#checksum);
      await this.#file.handle.writeAt(this.#file.contentAt + this.#offset, chunk);
      this.#checksum = checksum;
      this.#offset += chunk.length;
      this.#uncheckedBytes += chunk.length;
      if (this.#uncheckedBytes >= CHECKPOINT_BYTES) await this.#checkpoint();
    });
  }

  async commit(expected?: { readonly size: number; readonly checksum: number }): Promise<StoredSnapshot> {
    this.#checkOpen('commit');
    const { title, handle } = this.#file;
    const snapshot: StoredSnapshot = { ...title, size: this.#offset, checksum: this.#checksum };
    await this.#orDrop('commit', async () => {
      if (expected !== undefined && (expected.size !== snapshot.size || expected.checksum !== snapshot.checksum)) {
        throw corrupt(
          handle.path,
          this.#file.contentAt,
          `it has ${snapshot.size} bytes with checksum ${snapshot.checksum}, and should have ${expected.size} with ${expected.checksum}`,
        );
      }
      await this.#note(true);
      await handle.sync();
      await handle.close();
      await this.#host.publish(snapshot);
    });
    this.#isDone = true;
    await this.#host.release('published');
    return snapshot;
  }

  async abort(options: { readonly keep: boolean } = { keep: false }): Promise<void> {
    if (this.#isDone) return;
    if (!options.keep) return this.#drop();
    await this.#orDrop('abort', async () => {
      await this.#checkpoint();
      await this.#file.handle.sync();
      await this.#file.handle.close();
    });
    this.#isDone = true;
    await this.#host.release('kept');
  }

  /** Makes durable what was written, then says so. What it says need not be durable at once: an older word is true too. */
  async #checkpoint(): Promise<void> {
    await this.#file.handle.sync();
    await this.#note(false);
    this.#uncheckedBytes = 0;
  }

  async #note(isComplete: boolean): Promise<void> {
    await this.#file.writeProgress({ turn: ++this.#turn, size: this.#offset, checksum: this.#checksum, isComplete });
  }

  /** Does it; where it fails, the partial goes: after a failed write or sync nobody knows what is in it. */
  async #orDrop(operation: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.#drop();
      throw asStorageError(operation, this.#file.handle.path, error);
    }
  }

  async #drop(): Promise<void> {
    this.#isDone = true;
    try {
      await this.#file.handle.close();
    } finally {
      await this.#host.release('dropped');
    }
  }

  #checkOpen(operation: string): void {
    if (this.#isDone) throw failed(operation, this.#file.handle.path, 'the writer is done');
  }
}
