import { ByteWriter } from '@flotilla/bytes';
import type { Entry } from '@flotilla/raft-core';
import { SECTOR_BYTES } from '../files.js';
import type { GroupWrite } from '../log-engine.js';
import { beginBatch, headersChecksum, sealBatch } from './batch-frame.js';
import { encodeGroupWrite } from './group-record.js';
import type { GroupIndex, LogIndex } from './log-index.js';
import { readBatches } from './log-scan.js';
import { decodeBatch } from './recovery.js';
import { SegmentReader } from './segment-reader.js';
import type { Segment } from './segment.js';

const PIECE_BYTES = 256 * 1024;

/** Segments from the beginning of the log that one compacted segment is to replace. */
export interface CompactionPlan {
  readonly sources: readonly Segment[];
  /** Estimate of what will be kept, in bytes. */
  readonly liveBytes: number;
}

/**
 * Chooses how many segments from the beginning of the log to compact, so that most is gained for what must be rewritten: at least one
 * segment's worth of space, and at least as much as is rewritten. Always from the beginning: a record there has nothing
 * older that it would keep dead, so whatever is not live can go.
 *
 * @param sealed The segments before the active one, in order.
 * @param pressed The disk is full: any gain will do.
 */
export function planCompaction(
  sealed: readonly Segment[],
  segmentBytes: number,
  pressed: boolean,
): CompactionPlan | undefined {
  let best: CompactionPlan | undefined;
  let bestValue = Number.NEGATIVE_INFINITY;
  let held = 0;
  let live = 0;
  for (let count = 1; count <= sealed.length; count++) {
    const last = sealed[count - 1];
    if (last === undefined) break;
    held += last.capacityBytes;
    live += last.liveBytes;
    if (count === 1 && last.header.state === 'compacted' && 2 * live > last.liveBytesAtFirst) continue;
    const gain = held - Math.max(segmentBytes, live + SECTOR_BYTES);
    if (gain < (pressed ? 1 : segmentBytes) || (!pressed && live > gain)) continue;
    // What is rewritten counts twice: of the younger segments much will soon have died by itself.
    if (gain - 2 * live > bestValue) {
      bestValue = gain - 2 * live;
      best = { sources: sealed.slice(0, count), liveBytes: live };
    }
  }
  return best;
}

/** What was written to the target, or would have been. */
export interface CompactedContent {
  readonly contentBytes: number;
  readonly batches: number;
  readonly headersChecksum: number;
}

/**
 * Copies what is live in the sources into the free segment `target`, each batch with its sequence. The target is still free
 * afterwards: its header makes it count. Where the target is too small it is left half written, and only what the content would take is found out. Resolves with undefined where `cancelled` said so.
 *
 * @throws StorageCorrupt, StorageFailed, StorageFull
 */
export async function copyLive(
  sources: readonly Segment[],
  target: Segment,
  index: LogIndex,
  cancelled: () => boolean,
): Promise<CompactedContent | undefined> {
  const output = new CompactionOutput(target);
  for (const source of sources) {
    const reader = new SegmentReader(source.handle, source.end);
    await readBatches(reader, source.end, (header, payload, position) => {
      decodeBatch(payload, source.path, position, (write) => {
        const kept = liveOf(write, header.sequence, source, index);
        if (kept !== undefined) output.add(kept);
      });
      output.endBatch(header.sequence);
      if (!output.isPieceFull) return true;
      return cancelled() ? false : output.flush();
    });
    if (cancelled()) return undefined;
  }
  await output.flush();
  return output.content;
}

/**
 * What of a record is still live: undefined where nothing is.
 *
 * Entries are judged by the range that is live in their segment. So a record may keep entries that another one behind it in the
 * same segment replaced; but that one is kept too, and replaces them again.
 */
function liveOf(write: GroupWrite, sequence: number, source: Segment, index: LogIndex): GroupWrite | undefined {
  const group = index.groups.get(write.group);
  if (group === undefined) return undefined;
  const mark = write.snapshotMark !== undefined && sequence === group.markSequence ? write.snapshotMark : undefined;
  const hardState = write.hardState !== undefined && sequence === group.hardStateSequence ? write.hardState : undefined;
  const entries = write.entries === undefined ? [] : liveEntries(write.entries, group, source);
  if (mark === undefined && hardState === undefined && entries.length === 0) return undefined;
  return {
    group: write.group,
    ...(mark === undefined ? {} : { snapshotMark: mark }),
    ...(hardState === undefined ? {} : { hardState }),
    ...(entries.length === 0 ? {} : { entries }),
  };
}

function liveEntries(entries: readonly Entry[], group: GroupIndex, source: Segment): readonly Entry[] {
  const extent = group.extentIn(source);
  const first = entries[0]?.index;
  if (extent === undefined || first === undefined) return [];
  return entries.slice(Math.max(0, extent.first - first), Math.max(0, extent.last - first + 1));
}

/** Gathers batches into pieces and writes these one behind the other. */
class CompactionOutput {
  readonly #target: Segment;
  readonly #batch = new ByteWriter(4096);
  readonly #piece = new ByteWriter(4096);
  #contentBytes = 0;
  #batches = 0;
  #headersChecksum = 0;

  constructor(target: Segment) {
    this.#target = target;
  }

  get isPieceFull(): boolean {
    return this.#piece.length >= PIECE_BYTES;
  }

  get content(): CompactedContent {
    return {
      contentBytes: this.#contentBytes,
      batches: this.#batches,
      headersChecksum: this.#headersChecksum,
    };
  }

  add(write: GroupWrite): void {
    if (this.#batch.length === 0) beginBatch(this.#batch);
    encodeGroupWrite(this.#batch, write);
  }

  endBatch(sequence: number): void {
    if (this.#batch.length === 0) return;
    const sealed = sealBatch(this.#batch, sequence);
    this.#headersChecksum = headersChecksum(sealed, this.#headersChecksum);
    this.#piece.raw(sealed);
    this.#batch.reset();
    this.#batches++;
  }

  /** Writes the piece, or, once the target is full, only counts it. Resolves with true: go on. */
  async flush(): Promise<true> {
    const piece = this.#piece.view();
    const at = SECTOR_BYTES + this.#contentBytes;
    this.#contentBytes += piece.length;
    if (piece.length > 0 && SECTOR_BYTES + this.#contentBytes <= this.#target.capacityBytes) {
      await this.#target.handle.writeAt(at, piece);
    }
    this.#piece.reset();
    return true;
  }
}
