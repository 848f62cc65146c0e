import { type FileHandle } from '../files.js';
import { corrupt } from '../storage-errors.js';

const WINDOW_BYTES = 1024 * 1024;

/** Reads a segment front to back through a window. What it hands out is good until the next `fill`, and may be changed. */
export class SegmentReader {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #end: number;
  #window: Uint8Array = new Uint8Array(0);
  #start = 0;
  #length = 0;

  /** @param end Bytes of the file that may be read: it has at least so many. */
  constructor(handle: FileHandle, end: number) {
    this.path = handle.path;
    this.#handle = handle;
    this.#end = end;
  }

  /** The bytes, if the window holds them. */
  peek(position: number, length: number): Uint8Array | undefined {
    const at = position - this.#start;
    return at >= 0 && at + length <= this.#length ? this.#window.subarray(at, at + length) : undefined;
  }

  /** Moves the window so that it begins with the bytes. @throws StorageCorrupt where the file ends before `end` */
  async fill(position: number, length: number): Promise<Uint8Array> {
    const wanted = Math.min(Math.max(length, WINDOW_BYTES), this.#end - position);
    if (wanted < length) throw corrupt(this.path, position, `${length} bytes do not fit before byte ${this.#end}`);
    if (this.#window.length < wanted) this.#window = new Uint8Array(wanted);
    this.#start = position;
    this.#length = 0;
    while (this.#length < wanted) {
      const read = await this.#handle.readAt(position + this.#length, this.#window.subarray(this.#length, wanted));
      if (read === 0) throw corrupt(this.path, position + this.#length, 'the file ends where there should be more');
      this.#length += read;
    }
    return this.#window.subarray(0, length);
  }
}
