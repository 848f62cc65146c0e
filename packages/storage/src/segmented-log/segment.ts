import { type FileHandle, SECTOR_BYTES } from '../files.js';
import type { SegmentHeader } from './segment-header.js';

/** One file of the log, open. */
export class Segment {
  readonly path: string;
  /** Data-synchronous. */
  readonly handle: FileHandle;
  /** Size of the whole file, header included. */
  readonly capacityBytes: number;
  header: SegmentHeader = { state: 'free' };
  /** Where the next batch goes, or, of a compacted segment, where its content ends. */
  end: number = SECTOR_BYTES;
  /** Sequence at which it ends, or, with no batch in it, at which the one before it ended. */
  lastSequence: number = 0;
  /** Whether the space of the whole file is taken. */
  isAllocated: boolean = false;
  /** Estimate of the bytes in it that a compaction would have to keep. */
  liveBytes: number = 0;
  /** `liveBytes` when it was compacted, or recovered: it is worth compacting alone when half of that has died. */
  liveBytesAtFirst: number = 0;

  constructor(path: string, handle: FileHandle, capacityBytes: number) {
    this.path = path;
    this.handle = handle;
    this.capacityBytes = capacityBytes;
  }

  /** Number of the first segment that it stands for; 0 while it is free. */
  get first(): number {
    return this.header.state === 'free' ? 0 : this.header.first;
  }

  /** Number of the last segment that it stands for; 0 while it is free. */
  get last(): number {
    return this.header.state === 'free' ? 0 : this.header.last;
  }

  /** Bytes that batches can still take. */
  get room(): number {
    return this.capacityBytes - this.end;
  }
}
