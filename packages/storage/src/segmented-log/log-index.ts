import { SECTOR_BYTES } from '../files.js';
import type { GroupWrite } from '../log-engine.js';
import type { Segment } from './segment.js';

/** Entries of one group that stand in one segment. */
interface Extent {
  segment: Segment;
  first: number;
  last: number;
  /** Estimate of the bytes that they take. */
  bytes: number;
}

/** What a hard state or a snapshot mark takes, by estimate. */
const FACT_BYTES = 64;

/** A record's share of what its batch takes on disk: an estimate of what keeping it costs. */
export function shareOf(recordBytes: number, payloadBytes: number, sectors: number): number {
  return Math.ceil((recordBytes * sectors * SECTOR_BYTES) / payloadBytes);
}

/** Where the live records of one group stand. */
export class GroupIndex {
  hardStateSegment: Segment | undefined;
  hardStateSequence: number = 0;
  markSegment: Segment | undefined;
  markSequence: number = 0;
  markIndex: number = 0;
  /** Ascending. Once recovery is done they have no gaps, and there is at most one a segment. */
  readonly extents: Extent[] = [];

  /** Index of the first entry held, or of the next where none is. */
  get first(): number {
    return this.extents[0]?.first ?? this.markIndex + 1;
  }

  /** Index of the next entry. */
  get next(): number {
    return (this.extents.at(-1)?.last ?? this.markIndex) + 1;
  }

  /** A group of which nothing is held is no group. */
  get isEmpty(): boolean {
    return this.hardStateSegment === undefined && this.markSegment === undefined && this.extents.length === 0;
  }

  extentIn(segment: Segment): Readonly<Extent> | undefined {
    for (let i = this.extents.length - 1; i >= 0; i--) if (this.extents[i]?.segment === segment) return this.extents[i];
    return undefined;
  }
}

/** Where the live records of all groups stand: what compaction needs to know, kept in memory beside the log. */
export class LogIndex {
  readonly groups: Map<number, GroupIndex> = new Map();

  /** Takes in a durable record; `bytes` is its share of its batch. Records come in the order of the log. */
  apply(write: GroupWrite, sequence: number, segment: Segment, bytes: number): void {
    let index = this.groups.get(write.group);
    if (index === undefined) this.groups.set(write.group, (index = new GroupIndex()));
    if (write.removed === true) {
      setHardState(index, undefined, 0);
      setMark(index, undefined, 0, 0);
    }
    if (write.snapshotMark !== undefined) setMark(index, segment, sequence, write.snapshotMark.index);
    if (write.removed === true || write.resetLog === true) truncateFrom(index, 0);
    if (write.hardState !== undefined) setHardState(index, segment, sequence);
    const first = write.entries?.[0]?.index;
    if (write.entries !== undefined && first !== undefined) {
      append(index, segment, first, first + write.entries.length - 1, bytes);
    }
    if (write.compactTo !== undefined) dropUpTo(index, write.compactTo);
    if (index.isEmpty) this.groups.delete(write.group);
  }

  /** Moves all that stands in `sources` to `target`, which holds it now. */
  retarget(sources: ReadonlySet<Segment>, target: Segment): void {
    target.liveBytes = 0;
    for (const index of this.groups.values()) {
      if (index.hardStateSegment !== undefined && sources.has(index.hardStateSegment)) {
        index.hardStateSegment = target;
        target.liveBytes += FACT_BYTES;
      }
      if (index.markSegment !== undefined && sources.has(index.markSegment)) {
        index.markSegment = target;
        target.liveBytes += FACT_BYTES;
      }
      mergeExtents(index.extents, sources, target);
    }
  }

  /** The outlines that appends are judged by. */
  *outlines(): Iterable<readonly [group: number, first: number, next: number, mark: number]> {
    for (const [group, index] of this.groups) yield [group, index.first, index.next, index.markIndex];
  }
}

function setHardState(index: GroupIndex, segment: Segment | undefined, sequence: number): void {
  if (index.hardStateSegment !== undefined) index.hardStateSegment.liveBytes -= FACT_BYTES;
  if (segment !== undefined) segment.liveBytes += FACT_BYTES;
  index.hardStateSegment = segment;
  index.hardStateSequence = sequence;
}

function setMark(index: GroupIndex, segment: Segment | undefined, sequence: number, markIndex: number): void {
  if (index.markSegment !== undefined) index.markSegment.liveBytes -= FACT_BYTES;
  if (segment !== undefined) segment.liveBytes += FACT_BYTES;
  index.markSegment = segment;
  index.markSequence = sequence;
  index.markIndex = markIndex;
}

function append(index: GroupIndex, segment: Segment, first: number, last: number, bytes: number): void {
  truncateFrom(index, first);
  segment.liveBytes += bytes;
  const before = index.extents.at(-1);
  if (before !== undefined && before.segment === segment && before.last === first - 1) {
    before.last = last;
    before.bytes += bytes;
  } else {
    index.extents.push({ segment, first, last, bytes });
  }
}

/** Drops entries from `first` on. */
function truncateFrom(index: GroupIndex, first: number): void {
  for (let tail = index.extents.at(-1); tail !== undefined && tail.last >= first; tail = index.extents.at(-1)) {
    if (tail.first >= first) {
      tail.segment.liveBytes -= tail.bytes;
      index.extents.pop();
    } else {
      shrink(tail, tail.first, first - 1);
    }
  }
}

/** Drops entries up to `compactTo`. */
function dropUpTo(index: GroupIndex, compactTo: number): void {
  for (let head = index.extents[0]; head !== undefined && head.first <= compactTo; head = index.extents[0]) {
    if (head.last <= compactTo) {
      head.segment.liveBytes -= head.bytes;
      index.extents.shift();
    } else {
      shrink(head, compactTo + 1, head.last);
    }
  }
}

function shrink(extent: Extent, first: number, last: number): void {
  const kept = Math.ceil((extent.bytes * (last - first + 1)) / (extent.last - extent.first + 1));
  extent.segment.liveBytes -= extent.bytes - kept;
  extent.first = first;
  extent.last = last;
  extent.bytes = kept;
}

function mergeExtents(extents: Extent[], sources: ReadonlySet<Segment>, target: Segment): void {
  let merged: Extent | undefined;
  let kept = 0;
  for (const extent of extents) {
    if (!sources.has(extent.segment)) {
      extents[kept++] = extent;
      continue;
    }
    target.liveBytes += extent.bytes;
    if (merged === undefined) {
      merged = { segment: target, first: extent.first, last: extent.last, bytes: extent.bytes };
      extents[kept++] = merged;
    } else {
      merged.last = extent.last;
      merged.bytes += extent.bytes;
    }
  }
  extents.length = kept;
}
