import { ByteReader, fromHex, MalformedBytes } from '@flotilla/bytes';
import { type Files, SECTOR_BYTES } from '../files.js';
import type { GroupWrite, RecoveredGroup } from '../log-engine.js';
import { corrupt } from '../storage-errors.js';
import type { BatchHeader } from './batch-frame.js';
import { decodeGroupWrite } from './group-record.js';
import { LogIndex, shareOf } from './log-index.js';
import { type BatchVisitor, readBatches, scanLogSegment } from './log-scan.js';
import { Replay } from './replay.js';
import { isZero } from './sectors.js';
import { SegmentFiles } from './segment-files.js';
import { decodeSegmentHeader } from './segment-header.js';
import { SegmentReader } from './segment-reader.js';
import { Segment } from './segment.js';

/** What recovery found in a folder. All of it was checked, nothing was changed yet. */
export interface FoundLog {
  /** Undefined: the folder was never formatted to the end. */
  readonly logId: Uint8Array | undefined;
  /** One above the highest number in a segment's name. */
  readonly nextName: number;
  /** The live segments, in the order of the log. */
  readonly chain: readonly Segment[];
  /** Segments of no meaning: free ones, and such as a finished compaction replaced. */
  readonly spare: readonly Segment[];
  /** Names of files whose making was cut short: nothing was ever in them. */
  readonly unborn: readonly string[];
  /** Position in `chain` of the segment that the next batch goes to. */
  readonly activeAt: number;
  readonly lastSequence: number;
  /** The last batch, if there is one: it may have been in flight when the process died. */
  readonly lastBatch: { readonly segment: Segment; readonly position: number } | undefined;
  /** Where the active segment's torn batch ends. */
  readonly tornTo: number | undefined;
  readonly groups: readonly RecoveredGroup[];
  readonly index: LogIndex;
}

/**
 * Reads a log and says what is in it.
 *
 * @param expectedId The id that the log must have, as hexadecimal text; undefined: any, or none yet.
 * @throws StorageCorrupt, IncompatibleVersion, StorageFailed
 */
export async function findLog(files: Files, folder: string, expectedId: string | undefined): Promise<FoundLog> {
  const segments: Segment[] = [];
  try {
    return await findIn(files, folder, expectedId, segments);
  } catch (error) {
    await Promise.allSettled(segments.map((segment) => segment.handle.close()));
    throw error;
  }
}

async function findIn(
  files: Files,
  folder: string,
  expectedId: string | undefined,
  segments: Segment[],
): Promise<FoundLog> {
  const { unborn, nextName, logId } = await openSegments(files, folder, segments);
  if (expectedId !== undefined && logId !== expectedId) {
    throw corrupt(
      folder,
      0,
      `the log ${expectedId} should be here, and ${logId === undefined ? 'there is none' : `it is ${logId}`}`,
    );
  }
  const { chain, spare } = orderSegments(segments, folder);
  const content = await readChain(chain, folder);
  return { ...content, logId: logId === undefined ? undefined : fromHex(logId), nextName, chain, spare, unborn };
}

/** Opens every segment and reads its header. */
async function openSegments(
  files: Files,
  folder: string,
  segments: Segment[],
): Promise<{ unborn: string[]; nextName: number; logId: string | undefined }> {
  const unborn: string[] = [];
  let nextName = 1;
  let logId: string | undefined;
  for (const name of await files.list(folder)) {
    const number = SegmentFiles.numberOf(name);
    if (number === undefined) continue;
    nextName = Math.max(nextName, number + 1);
    const path = `${folder}/${name}`;
    const segment = await openSegment(files, path, unborn);
    if (segment === undefined) continue;
    segments.push(segment.segment);
    const { label } = segment;
    if (logId !== undefined && label.logId !== logId) {
      throw corrupt(path, 0, `it belongs to the log ${label.logId}, and the segments before it to ${logId}`);
    }
    logId = label.logId;
  }
  return { unborn, nextName, logId };
}

/** Opens one, or notes that it was never born. */
async function openSegment(
  files: Files,
  path: string,
  unborn: string[],
): Promise<{ segment: Segment; label: ReturnType<typeof decodeSegmentHeader> } | undefined> {
  const handle = await files.open(path, { dataSync: true });
  try {
    const size = await handle.size();
    const sector = new Uint8Array(SECTOR_BYTES);
    await handle.readAt(0, sector);
    if (isZero(sector)) {
      await checkUnborn(new SegmentReader(handle, size), size);
      await handle.close();
      unborn.push(path);
      return undefined;
    }
    const label = decodeSegmentHeader(sector, path);
    if (label.header.state !== 'free' && size < label.capacityBytes) {
      throw corrupt(path, size, `it should have ${label.capacityBytes} bytes`);
    }
    const segment = new Segment(path, handle, label.capacityBytes);
    segment.header = label.header;
    segment.isAllocated = size >= label.capacityBytes;
    return { segment, label };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A file without a header was never more than zeros. */
async function checkUnborn(reader: SegmentReader, size: number): Promise<void> {
  for (let at = 0; at < size; at += SECTOR_BYTES) {
    const length = Math.min(SECTOR_BYTES, size - at);
    const sector = reader.peek(at, length) ?? (await reader.fill(at, length));
    if (!isZero(sector)) throw corrupt(reader.path, 0, 'it has content, and no header');
  }
}

/** Sets aside what is free or replaced; the rest must stand for all numbers from 1 on, each once. */
function orderSegments(segments: readonly Segment[], folder: string): { chain: Segment[]; spare: Segment[] } {
  const spare: Segment[] = [];
  const live: Segment[] = [];
  for (const segment of segments) {
    const replaced = segments.some((other) => replaces(other, segment));
    (segment.header.state === 'free' || replaced ? spare : live).push(segment);
  }
  live.sort((a, b) => a.first - b.first);
  let next = 1;
  for (const segment of live) {
    if (segment.first !== next) {
      throw corrupt(
        segment.path,
        0,
        `it is segment ${segment.first} of ${folder}, and ${segment.first > next ? `segment ${next} is missing` : 'so is another'}`,
      );
    }
    next = segment.last + 1;
  }
  const tail = live.at(-1);
  if (tail !== undefined && tail.header.state !== 'log') {
    throw corrupt(tail.path, 0, `segment ${next} of ${folder} is missing, which was in use when this one was written`);
  }
  return { chain: live, spare };
}

/** Whether a finished compaction put `by` in the place of `segment`. */
function replaces(by: Segment, segment: Segment): boolean {
  if (by === segment || by.header.state !== 'compacted' || segment.header.state === 'free') return false;
  if (by.first > segment.first || by.last < segment.last) return false;
  return segment.header.state === 'log' || segment.header.generation < by.header.generation;
}

/** Reads all batches of the chain. */
async function readChain(
  chain: readonly Segment[],
  folder: string,
): Promise<Pick<FoundLog, 'activeAt' | 'lastSequence' | 'lastBatch' | 'tornTo' | 'groups' | 'index'>> {
  const index = new LogIndex();
  const replay = new Replay();
  let lastBatch: FoundLog['lastBatch'];
  let lastSequence = 0;
  let activeAt = 0;
  let tornTo: number | undefined;
  let mendedAt: number | undefined;
  for (const [at, segment] of chain.entries()) {
    const visit: BatchVisitor = (header, payload, position) => {
      lastBatch = { segment, position };
      replayBatch(segment, header, payload, position, index, replay);
    };
    const reader = new SegmentReader(segment.handle, segment.capacityBytes);
    if (segment.header.state === 'compacted') {
      lastSequence = await readCompacted(segment, segment.header, reader, visit);
      segment.lastSequence = lastSequence;
      continue;
    }
    const scan = await scanLogSegment(reader, segment.capacityBytes, lastSequence, visit);
    segment.end = scan.end;
    if ((scan.batches > 0 || scan.tornTo !== undefined) && tornTo !== undefined) {
      const torn = chain[activeAt];
      throw corrupt(torn?.path ?? folder, torn?.end ?? 0, 'a batch is torn, and the log goes on behind it');
    }
    if ((scan.batches > 0 || scan.tornTo !== undefined) && mendedAt !== undefined) {
      throw corrupt(chain[activeAt]?.path ?? folder, mendedAt, `the checksum of batch ${lastSequence} differs`);
    }
    if (scan.batches > 0 || scan.tornTo !== undefined || chain[activeAt]?.header.state !== 'log') activeAt = at;
    lastSequence = segment.lastSequence = scan.lastSequence;
    if (scan.isClosed && at === chain.length - 1) {
      throw corrupt(segment.path, segment.end, `the log goes on in segment ${segment.last + 1}, which is missing`);
    }
    tornTo ??= scan.tornTo;
    mendedAt ??= scan.mendedAt;
  }
  const end = replay.finish();
  if ('refused' in end) throw corrupt(folder, 0, end.refused);
  return { activeAt, lastSequence, lastBatch, tornTo, groups: end.groups, index };
}

async function readCompacted(
  segment: Segment,
  header: Extract<Segment['header'], { state: 'compacted' }>,
  reader: SegmentReader,
  visit: BatchVisitor,
): Promise<number> {
  segment.end = SECTOR_BYTES + header.contentBytes;
  const scan = await readBatches(reader, segment.end, (...batch) => {
    visit(...batch);
    return true;
  });
  if (scan.batches !== header.batches || scan.lastSequence > header.lastSequence) {
    throw corrupt(segment.path, 0, `it holds ${scan.batches} batches and should hold ${header.batches}`);
  }
  if (header.headersChecksum !== 0 && scan.headersChecksum !== header.headersChecksum) {
    throw corrupt(segment.path, SECTOR_BYTES, 'its batches are not those that were written to it');
  }
  return header.lastSequence;
}

function replayBatch(
  segment: Segment,
  header: BatchHeader,
  payload: Uint8Array,
  position: number,
  index: LogIndex,
  replay: Replay,
): void {
  decodeBatch(payload, segment.path, position, (write, recordBytes) => {
    index.apply(write, header.sequence, segment, shareOf(recordBytes, header.payloadBytes, header.sectors));
    replay.apply(write);
  });
}

/**
 * Reads the records of a batch.
 *
 * @throws StorageCorrupt
 */
export function decodeBatch(
  payload: Uint8Array,
  path: string,
  position: number,
  visit: (write: GroupWrite, recordBytes: number) => void,
): void {
  const reader = new ByteReader(payload);
  try {
    while (reader.remaining > 0) {
      const start = reader.offset;
      const write = decodeGroupWrite(reader);
      visit(write, reader.offset - start);
    }
  } catch (error) {
    if (error instanceof MalformedBytes)
      throw corrupt(path, position, `a record of the batch is malformed: ${error.message}`, error);
    throw error;
  }
}
