import type { Entry, HardState } from '@flotilla/raft-core';
import { EMPTY_HARD_STATE } from '../log/group-state.js';
import type { GroupWrite, RecoveredGroup, SnapshotMark } from '../log-engine.js';

/** A group while its records are replayed. */
interface ReplayedGroup {
  hardState: HardState | undefined;
  snapshotMark: SnapshotMark | undefined;
  entries: Entry[];
  /** Compaction left a gap below this index: the group's mark must reach it in the end. */
  gapBelow: number;
}

/**
 * Rebuilds the groups from the records of the log, in order. Where compaction has dropped what later records supersede there are
 * gaps on the way; they must have closed at the end.
 */
export class Replay {
  readonly #groups = new Map<number, ReplayedGroup>();

  /** Applies a record; the data of its entries is copied. */
  apply(write: GroupWrite): void {
    let group = this.#groups.get(write.group);
    if (group === undefined || write.removed === true) {
      group = { hardState: undefined, snapshotMark: undefined, entries: [], gapBelow: 0 };
      this.#groups.set(write.group, group);
    }
    if (write.snapshotMark !== undefined) group.snapshotMark = write.snapshotMark;
    if (write.resetLog === true) {
      group.entries = [];
      group.gapBelow = 0;
    }
    if (write.hardState !== undefined) group.hardState = write.hardState;
    if (write.entries !== undefined) appendEntries(group, write.entries);
    if (write.compactTo !== undefined) {
      const first = group.entries[0]?.index ?? Number.MAX_SAFE_INTEGER;
      if (write.compactTo >= first) group.entries.splice(0, write.compactTo - first + 1);
    }
  }

  /** The groups, ascending; or why the records cannot be all that there was. */
  finish(): { readonly groups: readonly RecoveredGroup[] } | { readonly refused: string } {
    const groups: RecoveredGroup[] = [];
    for (const [group, { hardState, snapshotMark, entries, gapBelow }] of this.#groups) {
      const mark = snapshotMark?.index ?? 0;
      const first = entries[0]?.index ?? mark + 1;
      const last = entries.at(-1)?.index ?? mark;
      if (gapBelow > mark + 1 || first > mark + 1 || last < mark) {
        return {
          refused: `group ${group} holds entries ${first} to ${last} and the snapshot mark ${mark}: some are missing`,
        };
      }
      if (hardState === undefined && snapshotMark === undefined && entries.length === 0) continue;
      groups.push({ group, hardState: hardState ?? EMPTY_HARD_STATE, snapshotMark, entries });
    }
    groups.sort((a, b) => a.group - b.group);
    return { groups };
  }
}

function appendEntries(group: ReplayedGroup, entries: readonly Entry[]): void {
  const first = entries[0];
  if (first === undefined) return;
  const held = group.entries[0];
  const next = (group.entries.at(-1)?.index ?? 0) + 1;
  if (held === undefined || first.index > next) {
    group.gapBelow = Math.max(group.gapBelow, first.index);
    group.entries = [];
  } else {
    group.entries.length = Math.max(0, first.index - held.index);
  }
  for (const entry of entries) group.entries.push({ ...entry, data: entry.data.slice() });
}
