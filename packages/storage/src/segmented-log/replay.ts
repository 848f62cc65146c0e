import type { Entry, HardState } from '@flotilla/raft-core';
import { EMPTY_HARD_STATE } from '../log/group-state.js';
import type { GroupWrite, RecoveredGroup, SnapshotMark } from '../log-engine.js';

/** A group while its records are replayed. */
interface ReplayedGroup {
  hardState: HardState | undefined;
  snapshotMark: SnapshotMark | undefined;
  /** Runs of entries without gaps, ascending, none empty. */
  runs: Entry[][];
}

/**
 * Rebuilds the groups from the records of the log, in order.
 *
 * Compaction drops what later records supersede, and keeps these. So on the way there may be gaps between entries: what a record
 * once followed is gone, because a record still to come replaces or drops it, and the record with it. At the end no gap may
 * be left.
 */
export class Replay {
  readonly #groups = new Map<number, ReplayedGroup>();

  /** Applies a record; the data of its entries is copied. */
  apply(write: GroupWrite): void {
    let group = this.#groups.get(write.group);
    if (group === undefined || write.removed === true) {
      group = { hardState: undefined, snapshotMark: undefined, runs: [] };
      this.#groups.set(write.group, group);
    }
    if (write.snapshotMark !== undefined) group.snapshotMark = write.snapshotMark;
    if (write.resetLog === true) group.runs = [];
    if (write.hardState !== undefined) group.hardState = write.hardState;
    if (write.entries !== undefined) replaceSuffix(group.runs, write.entries);
    if (write.compactTo !== undefined) dropUpTo(group.runs, write.compactTo);
  }

  /** The groups, ascending; or why the records cannot be all that there was. */
  finish(): { readonly groups: readonly RecoveredGroup[] } | { readonly refused: string } {
    const groups: RecoveredGroup[] = [];
    for (const [group, { hardState, snapshotMark, runs }] of this.#groups) {
      const [entries = [], behind] = runs;
      const mark = snapshotMark?.index ?? 0;
      const first = entries[0]?.index ?? mark + 1;
      const last = entries.at(-1)?.index ?? mark;
      if (behind !== undefined || first > mark + 1 || last < mark) {
        return {
          refused:
            `group ${group} holds entries ${first} to ${last}${behind === undefined ? '' : ` and ${behind[0]?.index} on`} ` +
            `and the snapshot mark ${mark}: some are missing`,
        };
      }
      if (hardState === undefined && snapshotMark === undefined && entries.length === 0) continue;
      groups.push({ group, hardState: hardState ?? EMPTY_HARD_STATE, snapshotMark, entries });
    }
    groups.sort((a, b) => a.group - b.group);
    return { groups };
  }
}

function replaceSuffix(runs: Entry[][], entries: readonly Entry[]): void {
  const first = entries[0]?.index;
  if (first === undefined) return;
  for (let tail = runs.at(-1); tail !== undefined && (tail.at(-1)?.index ?? 0) >= first; tail = runs.at(-1)) {
    tail.length = Math.max(0, first - (tail[0]?.index ?? 0));
    if (tail.length === 0) runs.pop();
  }
  let run = runs.at(-1);
  if (run === undefined || run.at(-1)?.index !== first - 1) runs.push((run = []));
  for (const entry of entries) run.push({ ...entry, data: entry.data.slice() });
}

function dropUpTo(runs: Entry[][], compactTo: number): void {
  for (let head = runs[0]; head !== undefined && (head[0]?.index ?? 0) <= compactTo; head = runs[0]) {
    head.splice(0, compactTo - (head[0]?.index ?? 0) + 1);
    if (head.length === 0) runs.shift();
  }
}
