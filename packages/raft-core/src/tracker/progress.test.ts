import { describe, expect, test } from 'vitest';
import { Inflights } from './inflights.js';
import { Progress, ProgressState } from './progress.js';

function progress(match: number, next: number, state: ProgressState = ProgressState.Probe, window = 256): Progress {
  const made = new Progress(2, next, false, new Inflights(window, Infinity));
  made.match = match;
  made.state = state;
  return made;
}

describe('probe', () => {
  test('one append with entries, then a pause until it is answered', () => {
    const peer = progress(0, 5);
    peer.sentEntries(0, 0);
    expect(peer.paused).toBe(false);
    peer.sentEntries(3, 0);
    expect([peer.paused, peer.next]).toEqual([true, 5]);
    expect(peer.retreat(4, 2)).toBe(true);
    expect([peer.paused, peer.next]).toEqual([false, 3]);
  });

  test.each([
    ['not the last probe', 0, 10, 5, 5, false, 10],
    ['the hint lies behind', 0, 10, 9, 3, true, 4],
    ['the hint lies ahead', 0, 10, 9, 20, true, 9],
    ['never below what is matched', 6, 10, 9, 2, true, 7],
  ])('a rejection: %s', (_, match, next, rejected, hint, moved, nextAfter) => {
    const peer = progress(match, next);
    expect(peer.retreat(rejected, hint)).toBe(moved);
    expect(peer.next).toBe(nextAfter);
  });
});

describe('replicate', () => {
  test('next runs ahead with every append; a full window pauses', () => {
    const peer = progress(4, 5, ProgressState.Replicate, 2);
    peer.sentEntries(3, 0);
    expect([peer.next, peer.paused]).toEqual([8, false]);
    peer.sentEntries(1, 0);
    expect([peer.next, peer.paused, peer.inflights.full]).toEqual([9, true, true]);
    expect(peer.acknowledge(7)).toBe(true);
    peer.inflights.freeUpTo(7);
    expect([peer.match, peer.paused, peer.inflights.count]).toEqual([7, false, 1]);
  });

  test('a rejection of what was acknowledged since is stale; a later one goes back to what is matched', () => {
    const peer = progress(5, 20, ProgressState.Replicate);
    expect(peer.retreat(5, 0)).toBe(false);
    expect(peer.next).toBe(20);
    expect(peer.retreat(9, 0)).toBe(true);
    expect(peer.next).toBe(6);
  });

  test('an old acknowledgement changes nothing', () => {
    const peer = progress(5, 20, ProgressState.Replicate);
    expect(peer.acknowledge(5)).toBe(false);
    expect(peer.acknowledge(3)).toBe(false);
    expect([peer.match, peer.next]).toEqual([5, 20]);
  });
});

describe('snapshot', () => {
  test('nothing is appended; afterwards probing begins after the snapshot', () => {
    const peer = progress(0, 1);
    peer.becomeSnapshot(100);
    expect([peer.paused, peer.pendingSnapshot, peer.next]).toEqual([true, 100, 101]);
    expect(() => peer.sentEntries(1, 0)).toThrow('waits for a snapshot');
    peer.becomeProbe();
    expect([peer.paused, peer.pendingSnapshot, peer.next]).toEqual([false, 0, 101]);
  });

  test('after a failure probing begins after what is matched', () => {
    const peer = progress(7, 8);
    peer.becomeSnapshot(100);
    peer.pendingSnapshot = 0;
    peer.becomeProbe();
    expect(peer.next).toBe(8);
  });
});

describe('the commit index that was sent', () => {
  test('is worth sending again only if it can tell the peer more', () => {
    const peer = progress(5, 11, ProgressState.Replicate);
    expect(peer.canRaiseCommit(3)).toBe(true);
    peer.sentCommit = 3;
    expect(peer.canRaiseCommit(3)).toBe(false);
    expect(peer.canRaiseCommit(4)).toBe(true);
    // Everything that the peer can have by now is committed already, as far as it knows.
    peer.sentCommit = 10;
    expect(peer.canRaiseCommit(12)).toBe(false);
  });

  test('is forgotten as far as appends are lost', () => {
    const peer = progress(5, 11, ProgressState.Replicate);
    peer.sentCommit = 10;
    peer.becomeProbe();
    expect(peer.sentCommit).toBe(5);
  });
});
