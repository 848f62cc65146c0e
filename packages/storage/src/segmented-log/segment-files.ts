import { type Files, SECTOR_BYTES } from '../files.js';
import { encodeSegmentHeader, type SegmentHeader } from './segment-header.js';
import { Segment } from './segment.js';

/** How much is zeroed by one write: small enough that an append beside it does not wait long for the disk. */
const ZERO_PIECE_BYTES = 256 * 1024;
const ZEROS = new Uint8Array(ZERO_PIECE_BYTES);
const NAME = /^segment-(\d{6,})$/;

/** The files of one log: makes, zeroes, labels and removes them. Every step is durable when it resolves. */
export class SegmentFiles {
  readonly #files: Files;
  readonly #folder: string;
  readonly #logId: Uint8Array;
  /** All that are open, to be closed whatever became of them. */
  readonly #open = new Set<Segment>();
  #nextName: number;

  /** @param nextName One above the highest number in a name so far. */
  constructor(files: Files, folder: string, logId: Uint8Array, nextName: number) {
    this.#files = files;
    this.#folder = folder;
    this.#logId = logId;
    this.#nextName = nextName;
  }

  /** The number in a segment's name; undefined for another file's name. */
  static numberOf(name: string): number | undefined {
    const digits = NAME.exec(name)?.[1];
    return digits === undefined ? undefined : Number(digits);
  }

  /** Takes over segments that recovery opened. */
  adopt(segments: readonly Segment[]): void {
    for (const segment of segments) this.#open.add(segment);
  }

  async closeAll(): Promise<void> {
    for (const segment of this.#open) await segment.handle.close();
    this.#open.clear();
  }

  /** A new free segment. Only its header takes space so far. @throws StorageFull */
  async create(capacityBytes: number): Promise<Segment> {
    const path = `${this.#folder}/segment-${String(this.#nextName++).padStart(6, '0')}`;
    const handle = await this.#files.open(path, { create: true, dataSync: true });
    const segment = new Segment(path, handle, capacityBytes);
    try {
      await this.label(segment, { state: 'free' });
      await this.#files.syncFolder(this.#folder);
    } catch (error) {
      await handle.close();
      await this.#files.remove(path);
      throw error;
    }
    this.#open.add(segment);
    return segment;
  }

  /** Writes the header. One sector: it is the old one or the new one, whatever happens. */
  async label(segment: Segment, header: SegmentHeader): Promise<void> {
    await segment.handle.writeAt(0, encodeSegmentHeader(this.#logId, segment.capacityBytes, header));
    segment.header = header;
  }

  /**
   * Zeroes a free segment behind its header, piece by piece, so that its space is taken and its content is nothing.
   * Resolves with false where `cancelled` said so between two pieces.
   *
   * @throws StorageFull
   */
  async zero(segment: Segment, cancelled: () => boolean): Promise<boolean> {
    for (let at = SECTOR_BYTES; at < segment.capacityBytes; at += ZERO_PIECE_BYTES) {
      if (cancelled()) return false;
      await segment.handle.writeAt(at, ZEROS.subarray(0, Math.min(ZERO_PIECE_BYTES, segment.capacityBytes - at)));
    }
    segment.isAllocated = true;
    segment.end = SECTOR_BYTES;
    return true;
  }

  /** Removes a free segment. */
  async remove(segment: Segment): Promise<void> {
    this.#open.delete(segment);
    await segment.handle.close();
    await this.#files.remove(segment.path);
    await this.#files.syncFolder(this.#folder);
  }
}
