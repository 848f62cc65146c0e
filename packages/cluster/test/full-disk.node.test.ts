import { utf8Encode } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import { describe, expect, test } from 'vitest';
import { ClusterWorld, type ClusterWorldNode } from './world/cluster-world.js';
import { RaftWorld } from './world/raft-world.js';

/** Outcome of a promise as a value, once somebody has driven the world so far. */
function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error);
}

describe('a disk that is full', () => {
  test('moves leadership away, and the node goes on when there is room again, with all that it owed its disk, in order', async () => {
    const world = await RaftWorld.of(3, [1, 2]);
    await world.elect(1, 1);
    await world.elect(1, 2);
    const full = world.node(1);
    full.log.full = true;
    const owed = outcomeOf(full.groups.proposeToGroup(1, utf8Encode('owed')));
    await world.until(() => [1, 2].every((group) => [2, 3].some((id) => world.node(id).leads(group))), 5_000);
    await world.until(() => !full.leads(1) && !full.leads(2), 5_000);
    // The others have it, by their own disks, or nobody has: the one who asked is not told that it is done.
    expect(await owed).toMatchObject({ outcome: 'unknown' });
    const leader = world.leader(1)!;
    for (const text of ['a', 'b', 'c']) await world.settle(leader.groups.proposeToGroup(1, utf8Encode(text)));
    expect(full.failures).toEqual([]);
    full.log.full = false;
    await world.until(() => full.machine(1).texts.includes('c'), 5_000);
    expect(full.machine(1).texts).toEqual(leader.machine(1).texts);
    // Whatever was refused was written in the end, as it was, before all else.
    const [first] = full.log.refused;
    expect(full.log.refused.every((batch) => batch === first)).toBe(true);
    expect(full.log.batches).toContain(first);
    const after = full.log.batches.slice(full.log.batches.indexOf(first!) + 1);
    expect(after.length).toBeGreaterThan(0);
    await world.settle(leader.groups.transferLeadership(1, 1));
    await world.settle(full.groups.proposeToGroup(1, utf8Encode('d')));
  });

  test('is told at once to who proposes: definitely not done', async () => {
    const world = await RaftWorld.of(1, [1]);
    const node = await world.awaitLeader(1);
    await world.settle(node.groups.proposeToGroup(1, utf8Encode('a')));
    node.log.full = true;
    let owedOutcome: unknown;
    void node.groups.proposeToGroup(1, utf8Encode('owed')).then((done) => (owedOutcome = done));
    await world.virtual.advance(100);
    expect(await world.outcome(node.groups.proposeToGroup(1, utf8Encode('b')))).toMatchObject({
      code: 'StorageFull',
      outcome: 'definite',
    });
    await world.virtual.advance(10_000);
    expect(owedOutcome).toBeUndefined();
    expect(node.machine(1).texts).toEqual(['a']);
    node.log.full = false;
    await world.until(() => owedOutcome !== undefined, 2_000);
    await world.settle(node.groups.proposeToGroup(1, utf8Encode('c')));
    expect(node.machine(1).texts).toEqual(['a', 'owed', 'c']);
  });

  test('and a crash in that state: nothing that was acknowledged is lost', async () => {
    const world = await RaftWorld.of(3, [1]);
    const full = await world.elect(1, 1);
    await world.settle(full.groups.proposeToGroup(1, utf8Encode('a')));
    full.log.full = true;
    await world.outcome(full.groups.proposeToGroup(1, utf8Encode('owed')));
    await world.until(() => [2, 3].some((id) => world.node(id).leads(1)), 5_000);
    await world.settle(world.leader(1)!.groups.proposeToGroup(1, utf8Encode('b')));
    await full.crash();
    await full.start();
    await world.until(() => full.machine(1).texts.includes('b'));
    expect(full.machine(1).texts).toEqual(world.leader(1)!.machine(1).texts);
  });

  test('a node that stops while it waits for room fails what waits for the disk', async () => {
    const world = await RaftWorld.of(1, [1]);
    const node = await world.awaitLeader(1);
    node.log.full = true;
    const owed = outcomeOf(node.groups.proposeToGroup(1, utf8Encode('owed')));
    const dropped = outcomeOf(node.groups.removeGroup(1));
    await world.virtual.advance(1_000);
    await world.settle(node.worker.stop());
    expect(await dropped).toBeInstanceOf(FlotillaError);
    expect(await owed).toBeInstanceOf(FlotillaError);
  });

  test('of a real engine: idle groups leave the node too, nothing is lost, and it goes on without a restart', async () => {
    const world = new ClusterWorld({ config: { numGroups: 3 } });
    const nodes = await world.startCluster('a', 'b', 'c');
    await world.until(() => world.settled(3));
    await world.virtual.advance(10_000);
    const full = nodes.find(({ node }) => node.groupStatus(1).role === 'leader') as ClusterWorldNode;
    const others = nodes.filter((node) => node !== full);
    full.files.capacityBytes = full.files.usedBytes;
    // What was made ready before is filled up first.
    const done: string[] = [];
    const big = 'x'.repeat(2 * 1024 * 1024);
    for (let at = 0; full.eventsNamed('storage.full').length === 0; at++) {
      const leader = world.leader(1);
      if (leader === undefined) await world.virtual.advance(50);
      else {
        const text = `${at} ${big}`;
        const outcome = await world.settle(
          leader.node.proposeToGroup(1, utf8Encode(text)).then(
            () => undefined,
            (error: unknown) => error,
          ),
        );
        if (outcome === undefined) done.push(text);
      }
    }
    const orphans = [0, 1, 2, 3];
    await world.until(
      () => orphans.every((group) => others.some(({ node }) => node.groupStatus(group).role === 'leader')),
      10_000,
    );
    expect(full.node.readiness().find(({ name }) => name === 'storage')).toMatchObject({ ok: false });
    for (const text of ['y', 'z']) await world.settle(world.leader(1)!.node.proposeToGroup(1, utf8Encode(text)));
    await world.virtual.advance(20_000);
    full.files.capacityBytes = Number.POSITIVE_INFINITY;
    await world.until(() => full.eventsNamed('storage.room').length > 0);
    await world.until(() => full.machines.get(1)?.texts.includes('z') === true);
    const texts = full.machines.get(1)?.texts ?? [];
    for (const text of done) expect(texts.includes(text)).toBe(true);
    expect(full.node.lifecycle.phase).toBe('ready');
    expect(full.node.readiness().find(({ name }) => name === 'storage')).toMatchObject({ ok: true });
  });
});
