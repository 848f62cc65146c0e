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
  /** Something of the group was written; until then it holds what a group begins with. */
  isWritten = false;
  /** Nothing is on the disk any more: the machine was wiped, or the replica dropped. What it held until then is still told. */
  isGone = false;
  /** What the same node held of the group before that was gone: what it promised then was a promise all the same. */
  former: DiskImage | undefined = undefined;

  constructor(group: number) {
    this.group = group;
  }

  /** Whether it holds, or held when it was lost, the entry of that term at `index`, or a snapshot that reaches it. */
  holds(index: number, term: number): boolean {
    if (index <= (this.snapshotMark?.index ?? 0) || index <= this.log.baseIndex) return true;
    return this.log.termAt(index) === term || (this.former?.holds(index, term) ?? false);
  }

  /** Whether a vote for `candidate` in `term` is, or was, on the disk; a later term leaves it open what was voted before. */
  mayHaveVoted(term: number, candidate: number): boolean {
    const { hardState } = this;
    if (hardState.term > term || (hardState.term === term && hardState.vote === candidate)) return true;
    return this.former?.mayHaveVoted(term, candidate) ?? false;
  }

  /** A write became durable, which does not drop the group. Its fields act in the order that `GroupWrite` states. */
  apply(write: GroupWrite): void {
    const { snapshotMark, hardState, entries, compactTo } = write;
    this.isWritten = true;
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
    this.isWritten = true;
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
    copy.isWritten = this.isWritten;
    copy.hardState = this.hardState;
    copy.snapshotMark = this.snapshotMark;
    copy.log.copy(this.log);
    return copy;
  }
}
