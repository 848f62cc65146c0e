import { type Entry, EntryType } from '@flotilla/raft-core';
import type { RecoveredGroup, StoredSnapshot } from '@flotilla/storage';
import { describe, expect, test } from 'vitest';
import { planRecovery } from './recovery.js';

const CONF = { voters: [1, 2], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };

function entries(first: number, last: number, term: number): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, at) => ({
    index: first + at,
    term,
    type: EntryType.Normal,
    data: new Uint8Array(1),
  }));
}

function found(part: Partial<RecoveredGroup>): RecoveredGroup {
  return { group: 1, hardState: { term: 3, vote: 2, commit: 0 }, snapshotMark: undefined, entries: [], ...part };
}

function stored(index: number, term: number): StoredSnapshot {
  return { group: 1, index, term, confState: CONF, size: 1, checksum: 1 };
}

function mark(index: number, term: number) {
  return { index, term, confState: CONF };
}

describe('recovery fits log and snapshots together', () => {
  test('nothing at all: a fresh group', () => {
    expect(planRecovery(1, undefined, undefined)).toMatchObject({ restoreFrom: undefined, repair: undefined });
  });

  test('a mark with its snapshot: delivery begins behind it', () => {
    const plan = planRecovery(1, found({ snapshotMark: mark(5, 2), entries: entries(6, 8, 3) }), stored(5, 2));
    expect(plan).toMatchObject({ restoreFrom: { index: 5 }, repair: undefined });
    expect(plan.log.hardState.commit).toBe(5);
  });

  test('a snapshot within the log whose mark was lost with the crash is used', () => {
    const plan = planRecovery(1, found({ snapshotMark: mark(5, 2), entries: entries(4, 9, 3) }), stored(8, 3));
    expect(plan).toMatchObject({ restoreFrom: { index: 8 }, repair: undefined });
    expect([plan.log.hardState.commit, plan.log.entries.length]).toEqual([8, 6]);
  });

  test('a snapshot beyond the log was received: its installation is finished', () => {
    const plan = planRecovery(1, found({ snapshotMark: mark(5, 2), entries: entries(6, 8, 3) }), stored(20, 7));
    const hardState = { term: 7, vote: 0, commit: 20 };
    expect(plan.repair).toEqual({ group: 1, snapshotMark: mark(20, 7), resetLog: true, hardState });
    expect(plan.log).toMatchObject({ hardState, entries: [] });
  });

  test('a vote of the same term survives that', () => {
    const plan = planRecovery(1, found({ entries: entries(1, 8, 3) }), stored(20, 3));
    expect(plan.log.hardState).toEqual({ term: 3, vote: 2, commit: 20 });
  });

  test('a snapshot in conflict with the log was received too', () => {
    const plan = planRecovery(1, found({ entries: entries(1, 8, 3) }), stored(6, 4));
    expect(plan.repair).toMatchObject({ resetLog: true });
    expect(plan.log.entries).toEqual([]);
  });

  test('a snapshot of a group whose log was never written', () => {
    expect(planRecovery(1, undefined, stored(6, 4)).repair).toMatchObject({ resetLog: true });
  });

  test('a log that was cut under a snapshot that is gone, or older, is corrupt', () => {
    const cut = found({ snapshotMark: mark(5, 2), entries: entries(6, 8, 3) });
    expect(() => planRecovery(1, cut, undefined)).toThrowError(/StorageCorrupt/);
    expect(() => planRecovery(1, cut, stored(4, 2))).toThrowError(/StorageCorrupt/);
  });

  test('a commit beyond the end of the log is corrupt', () => {
    const short = found({ hardState: { term: 3, vote: 0, commit: 9 }, entries: entries(1, 8, 3) });
    expect(() => planRecovery(1, short, undefined)).toThrowError(/StorageCorrupt/);
  });
});
