import type { Entry, HardState } from '@flotilla/raft-core';
import type { GroupWrite, RecoveredGroup, SnapshotMark } from '../log-engine.js';

/** The hard state of a group that never wrote one. */
export const EMPTY_HARD_STATE: HardState = { term: 0, vote: 0, commit: 0 };

/** What a log holds of one group: the plainest form of the rules that every engine follows. */
export class GroupState {
  readonly group: number;
  hardState: HardState | undefined;
  snapshotMark: SnapshotMark | undefined;
  entries: Entry[] = [];

  constructor(group: number) {
    this.group = group;
  }

  /** A group of which nothing is held is no group. */
  get isEmpty(): boolean {
    return this.hardState === undefined && this.snapshotMark === undefined && this.entries.length === 0;
  }

  /** Applies a write that `LogShape` accepted, field by field in the order of the contract. */
  apply(write: GroupWrite): void {
    if (write.removed === true) {
      this.hardState = undefined;
      this.snapshotMark = undefined;
      this.entries = [];
    }
    if (write.snapshotMark !== undefined) this.snapshotMark = write.snapshotMark;
    if (write.resetLog === true) this.entries = [];
    if (write.hardState !== undefined) this.hardState = write.hardState;
    if (write.entries !== undefined) this.#replaceSuffix(write.entries);
    if (write.compactTo !== undefined) this.#compact(write.compactTo);
  }

  /** What recovery hands out. */
  recovered(): RecoveredGroup {
    return {
      group: this.group,
      hardState: this.hardState ?? EMPTY_HARD_STATE,
      snapshotMark: this.snapshotMark,
      entries: [...this.entries],
    };
  }

  #replaceSuffix(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    const held = this.entries[0];
    if (held !== undefined) this.entries.length = Math.max(0, first.index - held.index);
    for (const entry of entries) this.entries.push(entry);
  }

  #compact(compactTo: number): void {
    const first = this.entries[0];
    if (first !== undefined && compactTo >= first.index) this.entries.splice(0, compactTo - first.index + 1);
  }
}
