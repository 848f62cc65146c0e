import { utf8Encode } from '@flotilla/bytes';
import { decodeRaftBatch } from '@flotilla/wire';
import { describe, expect, test } from 'vitest';
import { ReadLease } from '../src/group/read-lease.js';
import { RaftWorld } from './world/raft-world.js';

const RULES = { leaseReads: true };

describe('a read lease', () => {
  test('lasts for all ticks of an election timeout but one, less a tenth, from when its round was asked for', () => {
    let nowMs = 1_000;
    const lease = new ReadLease({ enabled: true, electionTicks: 10, tickMs: 50, now: () => nowMs });
    expect(lease.isHeld(3)).toBe(false);
    lease.confirmed(3, 900);
    nowMs = 900 + 404;
    expect([lease.isHeld(3), lease.isHeld(2), lease.isHeld(4)]).toEqual([true, false, false]);
    nowMs = 900 + 405;
    expect(lease.isHeld(3)).toBe(false);
  });

  test('is not shortened by an older round that is confirmed later, but ends with term, membership and transfer', () => {
    const lease = new ReadLease({ enabled: true, electionTicks: 10, tickMs: 50, now: () => 1_000 });
    lease.confirmed(3, 900);
    lease.confirmed(3, 100);
    expect(lease.isHeld(3)).toBe(true);
    lease.end();
    expect(lease.isHeld(3)).toBe(false);
    lease.confirmed(3, 950);
    expect(lease.isHeld(3)).toBe(true);
    lease.forbid(3);
    lease.confirmed(3, 960);
    expect(lease.isHeld(3)).toBe(false);
    lease.confirmed(4, 970);
    expect(lease.isHeld(4)).toBe(true);
  });
});

describe('reads under a lease', () => {
  test('cost no message while it lasts', async () => {
    const world = await RaftWorld.of(3, [1], { rules: RULES });
    const leader = await world.elect(1, 1);
    await world.settle(leader.groups.proposeToGroup(1, utf8Encode('a')));
    await world.settle(leader.groups.readIndex(1));
    world.network.record = true;
    for (let at = 0; at < 20; at++) {
      const before = world.virtual.now();
      await world.settle(leader.groups.readIndex(1));
      expect(world.virtual.now()).toBe(before);
    }
    const sent = world.network.sent.flatMap(({ frame }) => decodeRaftBatch(frame).messages);
    expect(sent.filter(({ context }) => context > 0)).toEqual([]);
  });

  test('end before another leader can be elected, however the leader is cut off', async () => {
    let longestMs = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const world = await RaftWorld.of(3, [1], { rules: RULES, seed });
      const leader = await world.elect(1, 1);
      await world.settle(leader.groups.proposeToGroup(1, utf8Encode('a')));
      let servedMs = 0;
      let stopped = false;
      const read = (): void => {
        if (stopped) return;
        void leader.groups.readIndex(1).then(
          () => (servedMs = world.virtual.now()),
          () => undefined,
        );
        leader.runtime.setTimer(3, read);
      };
      read();
      await world.virtual.advance(2_000 + seed * 17);
      for (const other of [2, 3]) world.network.cut(1, other);
      const cutMs = world.virtual.now();
      await world.until(() => [2, 3].some((id) => world.node(id).leads(1)), 5_000);
      const electedMs = world.virtual.now();
      await world.virtual.advance(2_000);
      stopped = true;
      longestMs = Math.max(longestMs, servedMs - cutMs);
      expect(servedMs).toBeLessThan(electedMs);
    }
    expect(longestMs).toBeGreaterThan(100);
  });

  test('a voter that was started again withholds its votes for an election timeout: it has forgotten what it promised', async () => {
    for (const leaseReads of [true, false]) {
      const world = await RaftWorld.of(3, [1], { rules: { leaseReads, preVote: false } });
      const leader = await world.elect(1, 1);
      await world.settle(leader.groups.proposeToGroup(1, utf8Encode('a')));
      await world.virtual.advance(1_000);
      // Node 3 has not heard of the leader for long; node 2 promised it something a moment ago, and forgets.
      world.network.cut(1, 3);
      await world.virtual.advance(450);
      await world.settle(leader.groups.readIndex(1));
      await world.node(2).crash();
      world.network.cut(1, 2);
      await world.node(2).start();
      world.node(3).groups.campaign(1);
      await world.virtual.advance(100);
      expect(world.node(3).leads(1)).toBe(!leaseReads);
      await world.until(() => [2, 3].some((id) => world.node(id).leads(1)), 10_000);
    }
  });

  test('after a transfer was tried there is no lease for the rest of the term', async () => {
    const world = await RaftWorld.of(3, [1], { rules: RULES });
    const leader = await world.elect(1, 1);
    await world.settle(leader.groups.proposeToGroup(1, utf8Encode('a')));
    await world.settle(leader.groups.readIndex(1));
    world.network.cut(1, 2);
    const { term } = leader.groups.status(1);
    await world.outcome(leader.groups.transferLeadership(1, 2));
    expect(leader.groups.status(1)).toMatchObject({ role: 'leader', term });
    for (let at = 0; at < 3; at++) {
      const before = world.virtual.now();
      await world.settle(leader.groups.readIndex(1));
      expect(world.virtual.now()).toBeGreaterThan(before);
    }
  });

  test('clocks of idle groups run, and a host that is taken for dead is not forgotten as leader', async () => {
    const world = await RaftWorld.of(3, [1], { rules: RULES, quiescence: true });
    await world.elect(1, 1);
    await world.virtual.advance(30_000);
    world.node(2).groups.hostDead(1);
    expect(world.node(2).groups.status(1)).toMatchObject({ leader: 1, quiescent: false });
  });
});
