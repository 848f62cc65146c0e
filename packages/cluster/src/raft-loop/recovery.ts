import { FlotillaError } from '@flotilla/errors';
import type { Entry, HardState } from '@flotilla/raft-core';
import type { GroupWrite, RecoveredGroup, SnapshotMark, StoredSnapshot } from '@flotilla/storage';
import { EMPTY_LOG, type GroupLogStart } from '../group/group-log.js';

/** How a group starts from what was found on disk. */
export interface RecoveryPlan {
  readonly log: GroupLogStart;
  /** What the state machine is restored from before anything is delivered; undefined: it starts empty. */
  readonly restoreFrom: StoredSnapshot | undefined;
  /** What must be written first: the end of an interrupted installation. */
  readonly repair: GroupWrite | undefined;
  /** The hard state as the disk has it once `repair` is written. */
  readonly hardState: HardState;
}

/**
 * Fits together what the log and the snapshot store hold of one group.
 *
 * - The state machine begins with the newest complete snapshot, and delivery just behind it.
 * - A snapshot that is newer than the log's mark, and within the log, was taken here, and its mark was lost with the crash.
 * - A snapshot beyond the log, or in conflict with it, was received from a leader and verified, and the crash came before the
 *   log was dropped for it: the installation is finished now. Its content is committed, so nothing is lost by that.
 *
 * @throws StorageCorrupt when the log was compacted under a snapshot that is not there, or claims more to be committed than it holds.
 */
export function planRecovery(
  group: number,
  found: RecoveredGroup | undefined,
  stored: StoredSnapshot | undefined,
): RecoveryPlan {
  const hardState = found?.hardState ?? EMPTY_LOG.hardState;
  const entries = found?.entries ?? [];
  const mark = found?.snapshotMark;
  if (mark !== undefined && mark.index > 0 && (stored === undefined || stored.index < mark.index)) {
    throw corrupt(
      group,
      `its log begins behind a snapshot at ${mark.index}, and the newest one that is stored ${stored === undefined ? 'does not exist' : `is at ${stored.index}`}`,
    );
  }
  const last = entries[entries.length - 1]?.index ?? mark?.index ?? 0;
  if (stored !== undefined && !holds(entries, mark, stored)) return finishInstallation(group, hardState, stored);
  if (hardState.commit > last) {
    throw corrupt(group, `${hardState.commit} is known to be committed, and its log ends at ${last}`);
  }
  const commit = Math.max(hardState.commit, stored?.index ?? 0);
  return {
    log: { hardState: { ...hardState, commit }, snapshot: stored === undefined ? undefined : markOf(stored), entries },
    restoreFrom: stored,
    repair: undefined,
    hardState,
  };
}

/** Whether the log agrees with the snapshot: its index is the log's own mark, or an entry of the same term. */
function holds(entries: readonly Entry[], mark: SnapshotMark | undefined, stored: StoredSnapshot): boolean {
  if (mark !== undefined && mark.index === stored.index) return mark.term === stored.term;
  const first = entries[0];
  if (first === undefined || stored.index < first.index) return false;
  return entries[stored.index - first.index]?.term === stored.term;
}

function finishInstallation(group: number, before: HardState, stored: StoredSnapshot): RecoveryPlan {
  const term = Math.max(before.term, stored.term);
  const hardState: HardState = {
    term,
    vote: term === before.term ? before.vote : 0,
    commit: stored.index,
  };
  const mark = markOf(stored);
  return {
    log: { hardState, snapshot: mark, entries: [] },
    restoreFrom: stored,
    repair: { group, snapshotMark: mark, resetLog: true, hardState },
    hardState,
  };
}

function markOf(stored: StoredSnapshot): SnapshotMark {
  return { index: stored.index, term: stored.term, confState: stored.confState };
}

function corrupt(group: number, reason: string): FlotillaError<'StorageCorrupt'> {
  return new FlotillaError('StorageCorrupt', {
    message: `what is stored of group ${group} does not fit together: ${reason}. This replica must not vote; remove it and add it again, so that its peers rebuild it`,
    details: { path: `group ${group}`, offset: 0, reason },
  });
}
