import type { HardState } from '@flotilla/raft-core';
import type { GroupWrite, RecoveredGroup, SnapshotMark } from '@flotilla/storage';
import { EntryLog } from './entry-log.js';

const NOTHING_VOTED: HardState = { term: 0, vote: 0, commit: 0 };

/** What the disk of a machine durably holds of one group, put together from the batches that the log said were durable. */
export class DiskImage {
  readonly group: number;
  hardState: HardState = NOTHING_VOTED;
  snapshotMark: SnapshotMark | undefined = undefined;
  readonly log: EntryLog = new EntryLog();
  /** Nothing is on the disk any more: the machine was wiped, or the replica dropped. What it held until then is still told. */
  isGone = false;

  constructor(group: number) {
    this.group = group;
  }

  /** Whether it holds, or held when it was lost, the entry of that term at `index`, or a snapshot that reaches it. */
  holds(index: number, term: number): boolean {
    if (index <= (this.snapshotMark?.index ?? 0) || index <= this.log.baseIndex) return true;
    return this.log.termAt(index) === term;
  }

  /** A write became durable, which does not drop the group. Its fields act in the order that `GroupWrite` states. */
  apply(write: GroupWrite): void {
    const { snapshotMark, hardState, entries, compactTo } = write;
    if (snapshotMark !== undefined) this.snapshotMark = snapshotMark;
    if (write.resetLog === true) {
      const mark = this.snapshotMark;
      this.log.reset(mark?.index ?? 0, mark?.term ?? 0);
    }
    if (hardState !== undefined) this.hardState = hardState;
    if (entries !== undefined) this.log.append(entries);
    if (compactTo !== undefined) this.log.compact(compactTo);
  }

  /** A restart found this, which takes the place of what was known. */
  recovered({ hardState, snapshotMark, entries }: RecoveredGroup): void {
    this.hardState = hardState;
    this.snapshotMark = snapshotMark;
    const first = entries[0];
    const mark = snapshotMark?.index ?? 0;
    if (first === undefined || first.index === mark + 1) this.log.reset(mark, snapshotMark?.term ?? 0);
    else this.log.reset(first.index - 1, first.index === 1 ? 0 : -1);
    this.log.append(entries);
  }

  /** Another image with the same content. */
  copy(): DiskImage {
    const copy = new DiskImage(this.group);
    copy.hardState = this.hardState;
    copy.snapshotMark = this.snapshotMark;
    copy.log.copy(this.log);
    return copy;
  }
}
