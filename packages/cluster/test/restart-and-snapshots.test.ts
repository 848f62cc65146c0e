import { utf8Encode } from '@flotilla/bytes';
import { ConfChangeType } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { RaftWorld, type RaftWorldNode } from './world/raft-world.js';

const NO_BYTES = new Uint8Array(0);
const SMALL = { policy: { entriesMax: 20, bytesMax: 1 << 30, keepEntries: 5, keepBytes: 1 << 30 } };

function change(type: ConfChangeType, nodeId: number) {
  return { kind: 'v1', type, nodeId, context: NO_BYTES } as const;
}

async function proposeAll(
  world: RaftWorld,
  node: RaftWorldNode,
  group: number,
  texts: readonly string[],
): Promise<void> {
  await world.settle(Promise.all(texts.map((text) => node.groups.proposeToGroup(group, utf8Encode(text)))));
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at}`);
}

describe('restart', () => {
  test('three nodes killed at once come back with all that was acknowledged', async () => {
    const world = await RaftWorld.of(3, [1]);
    const leader = await world.awaitLeader(1);
    const texts = numbered('t', 30);
    await proposeAll(world, leader, 1, texts);
    const terms = world.alive().map((node) => node.groups.status(1).term);
    for (const node of world.alive()) await node.crash();
    for (const node of world.nodes.values()) await node.start();
    for (const node of world.alive()) {
      expect(node.groups.status(1).term).toBeGreaterThanOrEqual(Math.min(...terms));
    }
    await world.awaitLeader(1);
    await world.until(() => world.alive().every((node) => node.machine(1).applied.length === 30));
    for (const node of world.alive()) expect(node.machine(1).texts).toEqual(texts);
  });

  test('term and vote survive: a restarted node does not vote twice in a term', async () => {
    const world = await RaftWorld.of(3, [1]);
    await world.elect(1, 1);
    const { term } = world.node(2).groups.status(1);
    await world.node(2).crash();
    await world.node(2).start();
    const { raw } = world.node(2).groups.set.get(1)!;
    expect([raw.term, raw.vote]).toEqual([term, 1]);
  });

  test('the leader crashes under load: nothing acknowledged is lost, and it catches up', async () => {
    const world = await RaftWorld.of(3, [1]);
    const first = await world.awaitLeader(1);
    const acknowledged: string[] = [];
    for (const text of numbered('a', 50)) {
      void first.groups.proposeToGroup(1, utf8Encode(text)).then(
        () => acknowledged.push(text),
        () => undefined,
      );
      if (text.endsWith('5')) await world.virtual.advance(1);
    }
    await world.virtual.advance(3);
    await first.crash(() => true);
    const second = await world.awaitLeader(1);
    await proposeAll(world, second, 1, numbered('b', 10));
    await first.start();
    await world.until(() => world.alive().every((node) => node.machine(1).texts.includes('b9')));
    const [reference] = world.alive();
    for (const node of world.alive()) expect(node.machine(1).applied).toEqual(reference?.machine(1).applied);
    for (const text of acknowledged) expect(reference?.machine(1).texts).toContain(text);
  });

  test('an interrupted removal is finished at the next start', async () => {
    const world = await RaftWorld.of(1, [1, 2], { snapshotting: SMALL });
    const node = world.node(1);
    node.groups.campaignAll();
    await world.until(() => node.leads(1) && node.leads(2));
    await proposeAll(world, node, 2, numbered('x', 50));
    await world.until(() => node.snapshots.contents.has(2));
    await node.crash();
    await node.start([{ group: 1, incarnation: 0, founders: [1] }]);
    expect(node.snapshots.contents.has(2)).toBe(false);
    await node.crash();
    await node.start([
      { group: 1, incarnation: 0, founders: [1] },
      { group: 2, incarnation: 5, founders: [1] },
    ]);
    node.groups.campaignAll();
    await world.until(() => node.leads(2));
    await proposeAll(world, node, 2, ['new']);
    expect(node.machine(2).texts).toEqual(['new']);
  });
});

describe('membership changes and the disk', () => {
  test('a change is applied only once the disk knows that it is committed: two voters that shrink to one elect after a crash', async () => {
    const world = await RaftWorld.of(2, [1]);
    const leader = await world.elect(1, 1);
    await proposeAll(world, leader, 1, ['a']);
    const removal = leader.groups.proposeConfChange(1, change(ConfChangeType.RemoveNode, 2));
    await world.until(() => leader.groups.status(1).members.length === 1);
    await world.node(2).crash();
    await leader.crash();
    await removal.catch(() => undefined);
    await leader.start();
    await world.until(() => leader.leads(1));
    await proposeAll(world, leader, 1, ['b']);
    expect(leader.machine(1).texts).toEqual(['a', 'b']);
  });
});

describe('snapshots and compaction', () => {
  test('the log is cut by policy, and a restart delivers just behind the restored snapshot, nothing twice', async () => {
    const world = await RaftWorld.of(1, [1], { snapshotting: SMALL });
    const node = world.node(1);
    node.groups.campaign(1);
    await world.until(() => node.leads(1));
    const texts = numbered('t', 100);
    for (const text of texts) await proposeAll(world, node, 1, [text]);
    await world.until(() => node.groups.status(1).firstIndex > 60);
    const { index } = node.groups.snapshotMetadata(1)!;
    expect(node.groups.set.get(1)!.log.length).toBeLessThanOrEqual(30);
    await node.crash();
    await node.start();
    expect(node.machine(1).restores).toBe(1);
    expect(node.groups.status(1).appliedIndex).toBe(index);
    node.groups.campaign(1);
    await world.until(() => node.machine(1).applied.length === 100);
    expect(node.machine(1).texts).toEqual(texts);
    expect(node.machine(1).batches.reduce((a, b) => a + b, 0)).toBeLessThan(40);
  });

  test('a follower behind the log gets a snapshot, then entries, once', async () => {
    const world = await RaftWorld.of(3, [1], { snapshotting: SMALL });
    const leader = await world.elect(1, 1);
    await world.node(3).crash();
    for (let round = 0; round < 5; round++) await proposeAll(world, leader, 1, numbered(`r${round}-`, 20));
    await world.until(() => leader.groups.status(1).firstIndex > 50);
    const watcher = leader.groups.status(1).lastIndex;
    await world.node(3).start();
    const reached = world.node(3).groups.waitApplied(1, watcher);
    expect(await world.settle(reached)).toBe('reached');
    expect(world.node(3).machine(1).restores).toBe(1);
    await proposeAll(world, leader, 1, ['after']);
    await world.until(() => world.node(3).machine(1).texts.includes('after'));
    expect(world.node(3).machine(1).applied).toEqual(leader.machine(1).applied);
    await world.until(() => leader.groups.progress(1)?.get(3)?.state === 'replicate');
    await world.virtual.advance(1_000);
    expect(world.node(3).machine(1).restores).toBe(1);
  });

  test('an installed snapshot survives a restart of the follower', async () => {
    const world = await RaftWorld.of(3, [1], { snapshotting: SMALL });
    const leader = await world.elect(1, 1);
    await world.node(3).crash();
    for (let round = 0; round < 5; round++) await proposeAll(world, leader, 1, numbered(`r${round}-`, 20));
    await world.node(3).start();
    await world.until(() => world.node(3).machine(1).restores === 1);
    await world.until(() => world.node(3).machine(1).applied.length === 100);
    await world.node(3).crash();
    await world.node(3).start();
    await world.until(() => world.node(3).machine(1).applied.length === 100);
    expect(world.node(3).machine(1).applied).toEqual(leader.machine(1).applied);
  });

  test('a read that fails while a snapshot is installed, or at a restart, is tried again; one that goes on failing stops the group', async () => {
    const world = await RaftWorld.of(3, [1], { snapshotting: SMALL });
    const leader = await world.elect(1, 1);
    const behind = world.node(3);
    await behind.crash();
    for (let round = 0; round < 5; round++) await proposeAll(world, leader, 1, numbered(`r${round}-`, 20));
    behind.snapshots.failingReads = 3;
    await behind.start();
    await world.until(() => behind.machine(1).applied.length === 100);
    expect([behind.snapshots.failingReads, behind.machine(1).restores]).toEqual([0, 1]);
    await behind.crash();
    behind.snapshots.failingReads = 3;
    await behind.start();
    await world.until(() => behind.machine(1).applied.length === 100);
    await behind.crash();
    behind.snapshots.failingReads = 1_000;
    await behind.start();
    expect(behind.groups.status(1).stopped).toContain('a bad read');
  });

  test('a crash between the stored file and the log of an installation is mended at the next start', async () => {
    const world = await RaftWorld.of(3, [1], { snapshotting: SMALL });
    const leader = await world.elect(1, 1);
    await world.node(3).crash();
    for (let round = 0; round < 5; round++) await proposeAll(world, leader, 1, numbered(`r${round}-`, 20));
    await world.node(3).start();
    world.node(3).log.stalled = true;
    await world.until(() => world.node(3).snapshots.contents.has(1));
    await world.virtual.advance(50);
    expect(world.node(3).machine(1).restores).toBe(0);
    await world.node(3).crash();
    for (const id of [1, 2]) world.network.cut(id, 3);
    await world.node(3).start();
    expect(world.node(3).machine(1).restores).toBe(1);
    expect(world.node(3).groups.status(1).appliedIndex).toBeGreaterThan(50);
    world.network.heal();
    await world.until(() => world.node(3).machine(1).applied.length === 100);
    expect(world.node(3).machine(1).applied).toEqual(leader.machine(1).applied);
  });

  test('a transfer that breaks goes on where it broke', async () => {
    const world = await RaftWorld.of(3, [1], { snapshotting: { ...SMALL, chunkBytes: 1000 } });
    const leader = await world.elect(1, 1);
    for (const node of world.alive()) node.machine(1).ballast = 50_000;
    await world.node(3).crash();
    for (let round = 0; round < 5; round++) await proposeAll(world, leader, 1, numbered(`r${round}-`, 20));
    await world.node(3).start();
    const offsets: number[] = [];
    let breaks = 0;
    world.node(3).snapshots.beforeWrite = (_group, offset) => {
      offsets.push(offset);
      if (offset > 20_000 && breaks === 0) {
        breaks++;
        world.network.breakStreams();
      }
    };
    await world.until(() => world.node(3).machine(1).restores === 1);
    expect(breaks).toBe(1);
    expect(offsets.filter((offset) => offset === 0)).toHaveLength(1);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    await world.until(() => world.node(3).machine(1).applied.length === 100);
  });

  test('a group that is dropped while its snapshot arrives is gone at once', async () => {
    const world = await RaftWorld.of(3, [1], { snapshotting: { ...SMALL, chunkBytes: 1000, bytesPerSecond: 20_000 } });
    const leader = await world.elect(1, 1);
    for (const node of world.alive()) node.machine(1).ballast = 50_000;
    await world.node(3).crash();
    for (let round = 0; round < 5; round++) await proposeAll(world, leader, 1, numbered(`r${round}-`, 20));
    await world.node(3).start();
    await world.until(() => (world.node(3).snapshots.partials.get(1)?.bytes.length ?? 0) > 10_000);
    const at = world.virtual.now();
    await world.settle(world.node(3).groups.removeGroup(1));
    expect(world.virtual.now() - at).toBeLessThan(50);
    expect([world.node(3).snapshots.partials.size, world.node(3).snapshots.contents.size]).toEqual([0, 0]);
  });

  test('a damaged chunk is refused, and the transfer is tried again', async () => {
    const world = await RaftWorld.of(3, [1], { snapshotting: { ...SMALL, chunkBytes: 1000 } });
    const leader = await world.elect(1, 1);
    await world.node(3).crash();
    for (let round = 0; round < 5; round++) await proposeAll(world, leader, 1, numbered(`r${round}-`, 20));
    let damages = 0;
    world.network.damage = (bytes) => {
      if (bytes.length < 500 || damages > 0) return bytes;
      damages++;
      const damaged = bytes.slice();
      damaged[100] = (damaged[100] ?? 0) ^ 1;
      return damaged;
    };
    await world.node(3).start();
    await world.until(() => world.node(3).machine(1).applied.length === 100);
    expect(damages).toBe(1);
    expect(world.node(3).machine(1).applied).toEqual(leader.machine(1).applied);
    expect(leader.worker.metrics.errors.snapshot).toBeGreaterThan(0);
  });

  test('a snapshot carries the configuration as of its index, and one from before a member was added is not sent to it', async () => {
    const world = await RaftWorld.of(1, [1], { snapshotting: SMALL });
    const leader = world.node(1);
    leader.groups.campaign(1);
    await world.until(() => leader.leads(1));
    for (let round = 0; round < 5; round++) await proposeAll(world, leader, 1, numbered(`r${round}-`, 20));
    await world.until(() => leader.groups.status(1).firstIndex > 50);
    expect(leader.groups.snapshotMetadata(1)?.confState).toMatchObject({ voters: [1], learners: [] });
    await world.node(2).start([{ group: 1, incarnation: 0, founders: undefined }]);
    await world.settle(leader.groups.proposeConfChange(1, change(ConfChangeType.AddLearnerNode, 2)));
    await world.until(() => world.node(2).machine(1).applied.length === 100);
    expect(world.node(2).groups.snapshotMetadata(1)?.confState).toMatchObject({ voters: [1], learners: [2] });
    expect(world.node(2).groups.status(1)).toMatchObject({ members: [1], learners: [2] });
  });

  test('a snapshot that was asked for is durable when it resolves', async () => {
    const world = await RaftWorld.of(1, [1]);
    const node = world.node(1);
    node.groups.campaign(1);
    await world.until(() => node.leads(1));
    await proposeAll(world, node, 1, ['a', 'b']);
    const mark = await world.settle(node.worker.snapshotNow(1));
    expect(mark.index).toBe(node.groups.status(1).appliedIndex);
    await node.crash();
    await node.start();
    expect(node.machine(1).texts).toEqual(['a', 'b']);
    expect(await world.outcome(node.worker.snapshotNow(9))).toMatchObject({ code: 'GroupNotFound' });
  });

  test('a missing snapshot file stops its group at start, and no other', async () => {
    const world = await RaftWorld.of(1, [1, 2], { snapshotting: SMALL });
    const node = world.node(1);
    node.groups.campaignAll();
    await world.until(() => node.leads(1) && node.leads(2));
    await proposeAll(world, node, 1, numbered('x', 100));
    await world.until(() => node.groups.snapshotMetadata(1) !== undefined);
    await world.virtual.advance(100);
    await node.crash();
    node.snapshots.contents.delete(1);
    await node.start();
    expect(node.groups.status(1).stopped).toMatch(/StorageCorrupt/);
    node.groups.campaign(2);
    await world.until(() => node.leads(2));
  });
});

describe('the disk', () => {
  test('a failed append stops the loop and breaks connections, so that leadership moves', async () => {
    const world = await RaftWorld.of(3, [1, 2]);
    const leader = await world.elect(1, 1);
    leader.log.failNext = true;
    const outcome = world.outcome(leader.groups.proposeToGroup(1, utf8Encode('x')));
    expect(await outcome).toMatchObject({ code: 'ProposalOutcomeUnknown' });
    expect(leader.failures).toMatchObject([{ code: 'StorageFailed' }]);
    expect(leader.worker.metrics).toMatchObject({ up: 0, errors: { storage: 1 } });
    expect(await world.outcome(leader.groups.proposeToGroup(2, utf8Encode('x')))).toMatchObject({
      code: 'StorageFailed',
    });
    leader.alive = false;
    const next = await world.awaitLeader(1);
    expect(next.id).not.toBe(1);
  });

  test('a stalled disk of the leader does not stop heartbeats of the loop, nor commits by the others', async () => {
    const world = await RaftWorld.of(3, [1]);
    const leader = await world.elect(1, 1);
    leader.log.stalled = true;
    const outcome = leader.groups.proposeToGroup(1, utf8Encode('x'));
    await world.virtual.advance(1_000);
    expect(leader.leads(1)).toBe(true);
    expect(leader.groups.status(1).commitIndex).toBe(leader.groups.status(1).lastIndex);
    expect(leader.machine(1).applied).toEqual([]);
    leader.log.stalled = false;
    expect(await world.settle(outcome)).toMatchObject({ group: 1 });
  });

  test('a disk that hangs for long silences its node, so that leadership moves; it comes back when the disk does', async () => {
    const world = await RaftWorld.of(3, [1]);
    const leader = await world.elect(1, 1);
    leader.log.stalled = true;
    const outcome = leader.groups.proposeToGroup(1, utf8Encode('x')).catch((error: unknown) => error);
    await world.until(() => world.node(2).leads(1) || world.node(3).leads(1));
    expect(leader.worker.metrics.errors.storage_stalled).toBe(1);
    await world.until(() => !leader.leads(1));
    expect(await world.settle(outcome)).toMatchObject({ code: 'ProposalOutcomeUnknown' });
    leader.log.stalled = false;
    await world.until(() => leader.machine(1).texts.includes('x'));
    const next = await world.awaitLeader(1);
    await world.settle(next.groups.transferLeadership(1, 1));
    await world.until(() => leader.leads(1));
  });

  test('writes of a turn go to the disk as one batch, queued ones merge, and a moved commit index alone is never written', async () => {
    const world = await RaftWorld.of(1, [1, 2, 3]);
    const node = world.node(1);
    node.groups.campaignAll();
    await world.until(() => [1, 2, 3].every((group) => node.leads(group)));
    await world.virtual.advance(100);
    const before = node.log.batches.length;
    node.log.delay = () => 10;
    const all = [1, 2, 3].map((group) => node.groups.proposeToGroup(group, utf8Encode('a')));
    await world.virtual.advance(1);
    for (let at = 0; at < 5; at++) {
      all.push(...[1, 2].map((group) => node.groups.proposeToGroup(group, utf8Encode(`b${at}`))));
      await world.virtual.advance(1);
    }
    await world.settle(Promise.all(all));
    await world.virtual.advance(200);
    const written = node.log.batches.slice(before);
    expect(written.map((batch) => batch.map(({ group, entries }) => [group, entries?.length]))).toEqual([
      [
        [1, 1],
        [2, 1],
        [3, 1],
      ],
      [
        [1, 5],
        [2, 5],
      ],
    ]);
  });
});

describe('the network', () => {
  test('a peer that is down costs a bounded queue, nothing more', async () => {
    const world = await RaftWorld.of(3, [1]);
    const leader = await world.elect(1, 1);
    await world.node(3).crash();
    await world.virtual.advance(100);
    const { framesSent, framesRefused } = leader.worker.metrics;
    await world.virtual.advance(1_000);
    expect(leader.worker.metrics.framesRefused - framesRefused).toBeLessThan(60);
    expect(leader.worker.metrics.framesSent - framesSent).toBeLessThan(60);
    await proposeAll(world, leader, 1, numbered('x', 10));
  });

  test('malformed frames are counted and change nothing', async () => {
    const world = await RaftWorld.of(3, [1]);
    const leader = await world.elect(1, 1);
    const peers = world.network.injector(2);
    for (const frame of [
      new Uint8Array(0),
      new Uint8Array([1]),
      new Uint8Array([1, 1, 0, 3, 1, 0, 0, 0]),
      new Uint8Array(50).fill(255),
    ]) {
      peers(1, frame);
    }
    await world.virtual.advance(20);
    expect(leader.worker.metrics.errors.malformed_frame).toBe(4);
    await proposeAll(world, leader, 1, ['fine']);
  });
});

describe('promotion', () => {
  test('a learner that has caught up is promoted, one conf change at a time, and others when asked again', async () => {
    const wanted = new Set([4]);
    const world = await RaftWorld.of(3, [1], {
      promotion: {
        promote: (_group, learner) => (wanted.has(learner) ? change(ConfChangeType.AddNode, learner) : undefined),
      },
    });
    const leader = await world.elect(1, 1);
    for (const id of [4, 5]) {
      await world.node(id).start([{ group: 1, incarnation: 0, founders: undefined }]);
      await world.settle(leader.groups.proposeConfChange(1, change(ConfChangeType.AddLearnerNode, id)));
    }
    await world.until(() => leader.groups.status(1).members.includes(4));
    await world.virtual.advance(2_000);
    expect(leader.groups.status(1)).toMatchObject({ members: [1, 2, 3, 4], learners: [5] });
    wanted.add(5);
    leader.worker.reconsiderPromotions();
    await world.until(() => leader.groups.status(1).members.includes(5));
  });

  test('a learner that is down is not promoted', async () => {
    const world = await RaftWorld.of(3, [1], {
      promotion: { promote: (_group, learner) => change(ConfChangeType.AddNode, learner) },
    });
    const leader = await world.elect(1, 1);
    await world.settle(leader.groups.proposeConfChange(1, change(ConfChangeType.AddLearnerNode, 9)));
    await world.virtual.advance(3_000);
    expect(leader.groups.status(1)).toMatchObject({ members: [1, 2, 3], learners: [9] });
  });
});

test('stop fails what waits with Shutdown, and nothing is taken afterwards', async () => {
  const world = await RaftWorld.of(3, [1]);
  const leader = await world.elect(1, 1);
  for (const id of [2, 3]) await world.node(id).crash();
  const proposal = leader.groups.proposeToGroup(1, utf8Encode('x')).catch((error: unknown) => error);
  const watcher = leader.groups.waitApplied(1, 1_000).catch((error: unknown) => error);
  await world.virtual.advance(5);
  const queued = leader.groups.proposeToGroup(1, utf8Encode('y')).catch((error: unknown) => error);
  const stop = leader.worker.stop();
  expect(await queued).toMatchObject({ code: 'Shutdown', outcome: 'definite' });
  expect(await proposal).toMatchObject({ code: 'ProposalOutcomeUnknown' });
  await world.settle(stop);
  expect(await watcher).toMatchObject({ code: 'Shutdown' });
  expect(await world.outcome(leader.groups.proposeToGroup(1, utf8Encode('x')))).toMatchObject({ code: 'Shutdown' });
  expect(() => leader.groups.addGroup(7, [1])).toThrowError(/Shutdown/);
});
