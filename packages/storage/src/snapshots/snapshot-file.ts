import { crc32c } from '@flotilla/bytes';
import { type FileHandle, SECTOR_BYTES } from '../files.js';
import { corrupt } from '../storage-errors.js';
import {
  decodeProgress,
  decodeSnapshotHeader,
  encodeProgress,
  encodeSnapshotHeader,
  snapshotHeaderBytes,
  type SnapshotProgress,
  type SnapshotTitle,
} from './snapshot-format.js';

const PIECE_BYTES = 256 * 1024;

/** An open snapshot file, complete or partial: its title, and where its parts stand. */
export class SnapshotFile {
  readonly handle: FileHandle;
  readonly title: SnapshotTitle;
  readonly #headerBytes: number;

  private constructor(handle: FileHandle, title: SnapshotTitle, headerBytes: number) {
    this.handle = handle;
    this.title = title;
    this.#headerBytes = headerBytes;
  }

  /** Position of the first byte of content. */
  get contentAt(): number {
    return this.#headerBytes + 2 * SECTOR_BYTES;
  }

  /** Writes the header into an empty file. */
  static async begin(handle: FileHandle, title: SnapshotTitle): Promise<SnapshotFile> {
    const header = encodeSnapshotHeader(title);
    await handle.writeAt(0, header);
    return new SnapshotFile(handle, title, header.length);
  }

  /** Reads the header. @throws StorageCorrupt, IncompatibleVersion, StorageFailed */
  static async read(handle: FileHandle): Promise<SnapshotFile> {
    const sector = await readRange(handle, 0, SECTOR_BYTES);
    const headerBytes = snapshotHeaderBytes(sector, handle.path);
    const header = await readRange(handle, 0, headerBytes);
    if (header.length < headerBytes) throw corrupt(handle.path, header.length, 'its header is cut off');
    return new SnapshotFile(handle, decodeSnapshotHeader(header, handle.path), headerBytes);
  }

  /** Both progress sectors, the one that holds first. */
  async progress(): Promise<SnapshotProgress[]> {
    const found: SnapshotProgress[] = [];
    for (let slot = 0; slot < 2; slot++) {
      const progress = decodeProgress(
        await readRange(this.handle, this.#headerBytes + slot * SECTOR_BYTES, SECTOR_BYTES),
      );
      if (typeof progress === 'object') found.push(progress);
    }
    return found.sort((a, b) => b.turn - a.turn);
  }

  /** The progress of a file that was committed. @throws StorageCorrupt */
  async completed(): Promise<SnapshotProgress> {
    const [progress] = await this.progress();
    if (progress === undefined || !progress.isComplete) {
      throw corrupt(this.handle.path, this.#headerBytes, 'it was committed, and does not say so any more');
    }
    const size = await this.handle.size();
    if (size < this.contentAt + progress.size) {
      throw corrupt(this.handle.path, size, `it should have ${this.contentAt + progress.size} bytes`);
    }
    return progress;
  }

  /** Writes the progress sector whose turn it is. */
  async writeProgress(progress: SnapshotProgress): Promise<void> {
    await this.handle.writeAt(this.#headerBytes + (progress.turn % 2) * SECTOR_BYTES, encodeProgress(progress));
  }

  /** The content from `start` to `end` in fresh arrays; ends early where the file does. */
  async *content(start: number, end: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = start; at < end;) {
      const piece = await readRange(this.handle, this.contentAt + at, Math.min(PIECE_BYTES, end - at));
      if (piece.length === 0) return;
      yield piece;
      at += piece.length;
    }
  }

  /** CRC32C of the first `size` bytes of content; undefined where there are fewer. */
  async checksumOf(size: number): Promise<number | undefined> {
    let checksum = 0;
    let length = 0;
    for await (const piece of this.content(0, size)) {
      checksum = crc32c(piece, checksum);
      length += piece.length;
    }
    return length === size ? checksum : undefined;
  }
}

/** The bytes of a range, fewer at the end of the file. */
async function readRange(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const read = await handle.readAt(position + filled, bytes.subarray(filled));
    if (read === 0) break;
    filled += read;
  }
  return bytes.subarray(0, filled);
}
