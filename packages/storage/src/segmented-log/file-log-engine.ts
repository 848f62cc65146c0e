import { ByteWriter, toHex } from '@flotilla/bytes';
import { type FlotillaError, isFlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { Durability } from '../durability.js';
import { type Files, type FolderLock, SECTOR_BYTES } from '../files.js';
import { LogShape } from '../log/log-shape.js';
import type { LogBatch, LogEngine, LogEngineStats, RecoveredGroup } from '../log-engine.js';
import { asStorageError, failed, full, invalid } from '../storage-errors.js';
import { BATCH_HEADER_BYTES, batchSectors, beginBatch, sealBatch } from './batch-frame.js';
import { groupWriteBytesMax } from './group-record.js';
import { LogCompactor } from './log-compactor.js';
import type { LogIndex } from './log-index.js';
import { PendingWrite } from './pending-write.js';
import { findLog, type FoundLog } from './recovery.js';
import { restoreLog } from './restore.js';
import { wholeSectors } from './sectors.js';
import { SegmentFiles } from './segment-files.js';
import { LOG_ID_BYTES } from './segment-header.js';
import { SegmentSupply } from './segment-supply.js';
import type { Segment } from './segment.js';

const SEGMENT_BYTES_DEFAULT = 16 * 1024 * 1024;
const SEGMENT_BYTES_MIN = 8 * SECTOR_BYTES;
/** One batch takes less than this. */
const BATCH_BYTES_MAX = 1024 * 1024 * 1024;
/** Appends merge up to here. */
const MERGE_BYTES_MAX = 4 * 1024 * 1024;
/** What an empty batch takes. */
const CLOSING_BYTES = SECTOR_BYTES;
/** When this part of the active segment is used, the next one is made ready. */
const PREPARE_PART = 4;

/** How a FileLogEngine is opened. */
export interface FileLogEngineOptions {
  readonly files: Files;
  /** Its own folder, made where missing and locked. */
  readonly folder: string;
  /** For the id of a new log. */
  readonly runtime: Pick<Runtime, 'randomBytes'>;
  /** Size of a segment file, a multiple of 512 from 4096 on; 16 MiB. A batch that is larger gets a larger one. */
  readonly segmentBytes?: number;
  /** The log that must be here already, by its id: another one, or none, is StorageCorrupt. */
  readonly logId?: string;
  /** Told the log's id before `recover` resolves, where `logId` was not given: to note it durably. */
  readonly onLogId?: (logId: string) => Promise<void>;
}

/** What is there once the log was recovered. */
interface OpenLog {
  readonly logId: string;
  readonly index: LogIndex;
  readonly supply: SegmentSupply;
  readonly compactor: LogCompactor;
  /** The live segments in order; the last one is the active one. */
  readonly chain: Segment[];
}

/**
 * The segmented log shared by all groups of a worker, over any Files. See docs/disk-format.md for its layout and rules.
 *
 * One write is in flight at a time; what is appended meanwhile is encoded into the next. Segments are made ready ahead of need, and
 * compaction runs beside the appends.
 */
export class FileLogEngine implements LogEngine {
  readonly durability: Durability;
  readonly #files: Files;
  readonly #folder: string;
  readonly #runtime: Pick<Runtime, 'randomBytes'>;
  readonly #segmentBytes: number;
  readonly #expectedId: string | undefined;
  readonly #onLogId: ((logId: string) => Promise<void>) | undefined;
  readonly #lock: FolderLock;
  readonly #shape = new LogShape();
  readonly #queue: PendingWrite[] = [];
  readonly #spareWrites: PendingWrite[] = [];
  #log: OpenLog | undefined;
  #lastSequence = 0;
  #failure: FlotillaError | undefined;
  #state: 'new' | 'recovering' | 'open' | 'closing' = 'new';
  #draining: Promise<void> | undefined;
  #preparing: Promise<void> | undefined;
  #compacting: Promise<void> | undefined;
  #segmentFiles: SegmentFiles | undefined;
  #closed: Promise<void> | undefined;
  #appends = 0;
  #bytesWritten = 0;
  #syncs = 0;

  private constructor(options: FileLogEngineOptions, segmentBytes: number, lock: FolderLock) {
    this.durability = options.files.durability;
    this.#files = options.files;
    this.#folder = options.folder;
    this.#runtime = options.runtime;
    this.#segmentBytes = segmentBytes;
    this.#expectedId = options.logId;
    this.#onLogId = options.onLogId;
    this.#lock = lock;
  }

  /** Makes and locks the folder; nothing is read before `recover`. @throws StorageLocked, StorageFailed, InvalidArgument */
  static async open(options: FileLogEngineOptions): Promise<FileLogEngine> {
    const segmentBytes = options.segmentBytes ?? SEGMENT_BYTES_DEFAULT;
    if (!Number.isSafeInteger(segmentBytes) || segmentBytes < SEGMENT_BYTES_MIN || segmentBytes % SECTOR_BYTES !== 0) {
      throw invalid(
        'segmentBytes',
        `${segmentBytes} is not a multiple of ${SECTOR_BYTES} from ${SEGMENT_BYTES_MIN} on`,
      );
    }
    await options.files.makeFolder(options.folder);
    return new FileLogEngine(options, segmentBytes, await options.files.lock(options.folder));
  }

  /** The id minted when the log was formatted, as 32 hexadecimal digits; undefined before `recover`. */
  get logId(): string | undefined {
    return this.#log?.logId;
  }

  async recover(): Promise<readonly RecoveredGroup[]> {
    if (this.#state !== 'new') throw failed('recover', this.#folder, 'it is recovered already, or closed');
    this.#state = 'recovering';
    try {
      const found = await findLog(this.#files, this.#folder, this.#expectedId);
      const logId = await this.#openFound(found);
      if (this.#expectedId === undefined) await this.#onLogId?.(logId);
      this.#shape.reset(found.groups);
      this.#state = 'open';
      this.#startBackground();
      return found.groups;
    } catch (error) {
      const failure = asStorageError('recover', this.#folder, error);
      this.#failure = failed('recover', this.#folder, failure);
      throw failure;
    }
  }

  append(batch: LogBatch): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(failed('append', this.#folder, this.#failure));
    if (this.#state !== 'open')
      return Promise.reject(failed('append', this.#folder, 'it is not recovered yet, or closed'));
    const reason = this.#shape.refusal(batch);
    if (reason !== undefined) return Promise.reject(invalid('batch', reason));
    let bytesMax = 0;
    for (let i = 0; i < batch.length; i++) {
      const write = batch[i];
      if (write !== undefined) bytesMax += groupWriteBytesMax(write);
    }
    if (bytesMax > BATCH_BYTES_MAX) {
      return Promise.reject(invalid('batch', `${bytesMax} bytes are more than a batch may take, ${BATCH_BYTES_MAX}`));
    }
    this.#shape.take(batch);
    return new Promise<void>((resolve, reject) => {
      this.#writeFor(bytesMax).add(batch, bytesMax, { resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  stats(): LogEngineStats {
    let segments = 0;
    let diskBytes = 0;
    for (const segment of this.#segments()) {
      segments++;
      diskBytes += segment.capacityBytes;
    }
    return { appends: this.#appends, bytesWritten: this.#bytesWritten, syncs: this.#syncs, segments, diskBytes };
  }

  /** Resolves when no append is queued and nothing is done in the background: for tests, and for a quiet look at the files. */
  async idle(): Promise<void> {
    while (this.#draining !== undefined || this.#preparing !== undefined || this.#compacting !== undefined) {
      await this.#draining;
      await this.#preparing;
      await this.#compacting;
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#state = 'closing';
    await this.#draining;
    await this.#preparing;
    await this.#compacting;
    try {
      await this.#segmentFiles?.closeAll();
    } finally {
      await this.#lock.release();
    }
  }

  /** All segments held, but for one that is being made or compacted into. */
  #segments(): Segment[] {
    const log = this.#log;
    return log === undefined ? [] : [...log.chain, ...log.supply.ready, ...log.supply.free];
  }

  async #openFound(found: FoundLog): Promise<string> {
    const logId = found.logId ?? this.#runtime.randomBytes(LOG_ID_BYTES);
    const files = new SegmentFiles(this.#files, this.#folder, logId, found.nextName);
    this.#segmentFiles = files;
    files.adopt([...found.chain, ...found.spare]);
    const nextNumber = (found.chain.at(-1)?.last ?? 0) + 1;
    const hasFailed = (): boolean => this.#failure !== undefined;
    const supply = new SegmentSupply(files, this.#segmentBytes, nextNumber, hasFailed);
    const chain = found.chain.slice(0, found.activeAt + 1);
    const compactor = new LogCompactor({
      files,
      supply,
      index: found.index,
      chain,
      segmentBytes: this.#segmentBytes,
      cancelled: () => this.#state === 'closing' || hasFailed(),
    });
    for (const segment of chain) segment.liveBytesAtFirst = segment.liveBytes;
    this.#log = { logId: toHex(logId), index: found.index, supply, compactor, chain };
    supply.ready.push(...found.chain.slice(found.activeAt + 1));
    this.#lastSequence = found.lastSequence;
    await restoreLog(this.#files, this.#folder, files, supply, found);
    if (chain.length === 0) {
      await supply.prepare(this.#segmentBytes);
      chain.push(...supply.ready.splice(0, 1));
    }
    return this.#log.logId;
  }

  /** The write that the next append goes into. */
  #writeFor(bytesMax: number): PendingWrite {
    const tail = this.#queue.at(-1);
    const mergeMax = Math.min(MERGE_BYTES_MAX, this.#segmentBytes / 4);
    if (tail !== undefined && (tail.isEmpty || tail.writer.length + bytesMax <= mergeMax)) return tail;
    const write = this.#spareWrites.pop() ?? new PendingWrite();
    this.#queue.push(write);
    return write;
  }

  /** Writes what is queued, one write at a time. Begins in a microtask, so that the appends of one turn go together. */
  async #drain(): Promise<void> {
    await undefined;
    for (let write = this.#queue.shift(); write !== undefined; write = this.#queue.shift()) {
      if (this.#failure !== undefined) write.rejectAll(failed('append', this.#folder, this.#failure));
      else if (write.isEmpty) write.resolveAll();
      else await this.#write(write);
      write.reset();
      this.#spareWrites.push(write);
    }
    this.#draining = undefined;
  }

  async #write(write: PendingWrite): Promise<void> {
    const log = this.#log;
    if (log === undefined) return;
    const payloadBytes = write.writer.length - BATCH_HEADER_BYTES;
    const sectors = batchSectors(payloadBytes);
    let segment: Segment;
    try {
      segment = await this.#place(log, sectors * SECTOR_BYTES, write.hasEntries);
    } catch (error) {
      if (isFlotillaError(error, 'StorageFull')) this.#refuse(log, write, error);
      else this.#die('append', error, write);
      return;
    }
    try {
      await segment.handle.writeAt(segment.end, sealBatch(write.writer, this.#lastSequence + 1));
    } catch (error) {
      this.#die('append', error, write);
      return;
    }
    this.#lastSequence++;
    segment.end += sectors * SECTOR_BYTES;
    segment.lastSequence = this.#lastSequence;
    this.#appends += write.appends;
    this.#bytesWritten += sectors * SECTOR_BYTES;
    this.#syncs++;
    const hasKilled = write.index(log.index, this.#lastSequence, segment, payloadBytes, sectors);
    write.resolveAll();
    if (hasKilled || this.#isNextDue(log)) this.#startBackground();
  }

  /** The segment that takes the next batch, with room for it, and then for the mark that closes the segment. @throws StorageFull */
  async #place(log: OpenLog, bytes: number, hasEntries: boolean): Promise<Segment> {
    const { chain, supply } = log;
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const active = chain.at(-1);
      if (active === undefined) throw failed('append', this.#folder, 'the log has no segment');
      const spared = hasEntries && supply.ready.length === 0 ? headroomOf(this.#segmentBytes) : 0;
      const needed = bytes + CLOSING_BYTES;
      if (active.room >= needed + spared) return active;
      if (active.room < needed && supply.ready.some((segment) => segment.room >= needed)) {
        await this.#closeSegment(active);
        const next = supply.ready.shift();
        if (next === undefined) continue;
        next.lastSequence = this.#lastSequence;
        chain.push(next);
        this.#startBackground();
        continue;
      }
      await this.#prepareOrCompact(log, Math.max(this.#segmentBytes, SECTOR_BYTES + wholeSectors(needed)));
    }
  }

  /** An empty batch at the end of a segment: the log goes on in the next one, which is there already, and must be from now on. */
  async #closeSegment(segment: Segment): Promise<void> {
    if (segment.room < CLOSING_BYTES) return;
    const writer = new ByteWriter(CLOSING_BYTES);
    beginBatch(writer);
    await segment.handle.writeAt(segment.end, sealBatch(writer, this.#lastSequence + 1));
    this.#lastSequence++;
    segment.end += CLOSING_BYTES;
    segment.lastSequence = this.#lastSequence;
  }

  /** Makes a segment ready; where the disk is full, waits for a compaction that frees some of it. @throws StorageFull */
  async #prepareOrCompact(log: OpenLog, capacityBytes: number): Promise<void> {
    try {
      await log.supply.prepare(capacityBytes);
    } catch (error) {
      if (!isFlotillaError(error, 'StorageFull')) throw error;
      const runs = log.compactor.runs;
      this.#startBackground();
      await this.#compacting;
      if (log.compactor.runs === runs) throw error;
    }
  }

  #isNextDue({ chain, supply }: OpenLog): boolean {
    const active = chain.at(-1);
    if (active === undefined || supply.ready.length > 0 || supply.isFull) return false;
    return active.end * PREPARE_PART >= active.capacityBytes;
  }

  /** The disk is full: this append and those behind it, which may build on it, are not done. */
  #refuse(log: OpenLog, write: PendingWrite, cause: unknown): void {
    write.rejectAll(full(this.#folder, cause));
    for (const queued of this.#queue.splice(0)) queued.rejectAll(full(this.#folder, cause));
    this.#shape.resetTo(log.index.outlines());
    this.#startBackground();
  }

  /** A write or sync failed: nothing that comes later may be taken for durable. */
  #die(operation: string, error: unknown, write?: PendingWrite): void {
    this.#failure ??= asStorageError(operation, this.#folder, error);
    write?.rejectAll(failed(operation, this.#folder, this.#failure));
  }

  /** Sees to the next segment and to compaction, where something is to be done. */
  #startBackground(): void {
    const log = this.#log;
    if (log === undefined || this.#state !== 'open' || this.#failure !== undefined) return;
    this.#startPreparing(log);
    this.#compacting ??= this.#compact(log);
  }

  #startPreparing(log: OpenLog): void {
    if (this.#state !== 'open' || this.#failure !== undefined || !this.#isNextDue(log)) return;
    this.#preparing ??= this.#prepareNext(log);
  }

  async #prepareNext({ supply }: OpenLog): Promise<void> {
    await undefined;
    try {
      await supply.prepare(this.#segmentBytes);
      await supply.fillReserve();
    } catch (error) {
      // A full disk is told to the append that needs the space.
      if (!isFlotillaError(error, 'StorageFull')) this.#die('preparation', error);
    }
    this.#preparing = undefined;
  }

  async #compact(log: OpenLog): Promise<void> {
    await undefined;
    try {
      for (let plan = log.compactor.plan(); plan !== undefined; plan = log.compactor.plan()) {
        if (this.#state !== 'open' || this.#failure !== undefined) break;
        if (!(await log.compactor.run(plan))) break;
      }
    } catch (error) {
      this.#die('compaction', error);
    }
    this.#compacting = undefined;
    // It may have freed what the next segment was waiting for.
    this.#startPreparing(log);
  }
}

/** The last bytes of a segment, for batches without entries while no other segment is ready: votes, and marks that make room. */
function headroomOf(segmentBytes: number): number {
  return Math.min(segmentBytes / 4, Math.max(segmentBytes / 16, 16 * SECTOR_BYTES));
}
