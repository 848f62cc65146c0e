import { isFlotillaError } from '@flotilla/errors';
import type { SegmentFiles } from './segment-files.js';
import type { Segment } from './segment.js';

/** Free segments that are kept for reuse; what is above is removed. */
const FREE_MAX = 4;

/**
 * The segments beside the log: `ready` ones, zeroed and numbered, for the appends to come, and `free` ones, of which the last is
 * the reserve that only compaction may take, so that it can work when the disk is full.
 *
 * This is where the disk is found full, and nowhere else: a batch is written where space was taken before.
 */
export class SegmentSupply {
  /** In the order in which they will be used. */
  readonly ready: Segment[] = [];
  readonly free: Segment[] = [];
  readonly #files: SegmentFiles;
  readonly #segmentBytes: number;
  readonly #cancelled: () => boolean;
  #nextNumber: number;
  #preparing: Promise<void> | undefined;
  #isFull = false;

  constructor(files: SegmentFiles, segmentBytes: number, nextNumber: number, cancelled: () => boolean) {
    this.#files = files;
    this.#segmentBytes = segmentBytes;
    this.#nextNumber = nextNumber;
    this.#cancelled = cancelled;
  }

  /** Whether the last attempt to take space failed for lack of it, and none has become free since. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** The preparation under way, if any. */
  get preparing(): Promise<void> | undefined {
    return this.#preparing;
  }

  /** Makes a segment of at least this size ready, behind those that are. @throws StorageFull, and nothing has changed */
  async prepare(capacityBytes: number): Promise<void> {
    while (this.#preparing !== undefined) await this.#preparing;
    if (this.ready.some((segment) => segment.capacityBytes >= capacityBytes)) return;
    const preparing = this.#prepare(capacityBytes);
    this.#preparing = preparing;
    try {
      await preparing;
    } finally {
      this.#preparing = undefined;
    }
  }

  /** Keeps a segment of a crashed or finished use for another one, or removes it. It must be labelled free already. */
  async keep(segment: Segment): Promise<void> {
    const fits = segment.capacityBytes === this.#segmentBytes && segment.isAllocated;
    if (fits && this.free.length < FREE_MAX) this.free.push(segment);
    else await this.#files.remove(segment);
    if (!fits || this.free.length > 1) this.#isFull = false;
  }

  /** Gives up a segment's content. */
  async release(segment: Segment): Promise<void> {
    await this.#files.label(segment, { state: 'free' });
    segment.liveBytes = 0;
    await this.keep(segment);
  }

  /** A free segment of at least this size for compaction, its content undefined. @throws StorageFull */
  async takeTarget(capacityBytes: number): Promise<Segment> {
    const reserve = capacityBytes <= this.#segmentBytes ? this.free.pop() : undefined;
    return reserve ?? this.#allocate(Math.max(capacityBytes, this.#segmentBytes));
  }

  /** Makes sure of a reserve. @throws StorageFull, and nothing has changed */
  async fillReserve(): Promise<void> {
    if (this.free.length === 0 && !this.#cancelled()) this.free.push(await this.#allocate(this.#segmentBytes));
  }

  async #prepare(capacityBytes: number): Promise<void> {
    const recycled = capacityBytes === this.#segmentBytes && this.free.length > 1 ? this.free.shift() : undefined;
    const segment = recycled ?? (await this.#allocate(capacityBytes));
    const isZeroed = recycled === undefined || (await this.#files.zero(recycled, this.#cancelled));
    if (!isZeroed || !segment.isAllocated) {
      this.free.push(segment);
      return;
    }
    const number = this.#nextNumber;
    await this.#files.label(segment, { state: 'log', first: number, last: number });
    this.#nextNumber++;
    this.ready.push(segment);
  }

  /** A new free segment with its space taken, unless it was cancelled on the way. */
  async #allocate(capacityBytes: number): Promise<Segment> {
    try {
      const segment = await this.#files.create(capacityBytes);
      await this.#zeroOrRemove(segment);
      this.#isFull = false;
      return segment;
    } catch (error) {
      if (isFlotillaError(error, 'StorageFull')) this.#isFull = true;
      throw error;
    }
  }

  /** Half a segment is of no use to the log, and its space may be what a snapshot needs. */
  async #zeroOrRemove(segment: Segment): Promise<void> {
    try {
      await this.#files.zero(segment, this.#cancelled);
    } catch (error) {
      if (isFlotillaError(error, 'StorageFull')) await this.#files.remove(segment);
      throw error;
    }
  }
}
