import { SessionStateMachine } from '@flotilla/cluster';
import { isFlotillaError } from '@flotilla/errors';
import { delay } from '@flotilla/runtime';
import { encodeSessionEnvelope } from '@flotilla/wire';
import { describe, expect, test } from 'vitest';
import {
  ALL_KEYS,
  type CommandAnswer,
  type Consistency,
  encodeCommand,
  GROUP_WIDE_VSHARD,
  putOperation,
  type RangeAnswer,
  rangeOperation,
  type ServerMessage,
} from '../src/protocol.js';
import { KvWorld, type KvWorldNode, type RawClient } from './kv-world.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bare = (command: Uint8Array): Uint8Array => encodeSessionEnvelope({ kind: 'bare', command });
/** Keyspace 1 is group 1's. */
const put = (key: string, value: string): Uint8Array =>
  encodeCommand({ keyspace: 1, operation: putOperation(utf8(key), utf8(value)) });
const get = (key: string): Uint8Array =>
  encodeCommand({ keyspace: 1, operation: rangeOperation({ key: utf8(key), end: undefined }) });
const valueOf = (answer: CommandAnswer): string | undefined => {
  const [kv] = (answer.answer as RangeAnswer).kvs;
  return kv === undefined ? undefined : text(kv.value);
};
const ELECTION_MS = 500;

async function threeNodes(seed: number): Promise<KvWorld> {
  const world = new KvWorld(['a', 'b', 'c'], {
    seed,
    config: { numGroups: 2, electionTimeoutMs: ELECTION_MS },
    wrap: (machine) => new SessionStateMachine(machine),
  });
  await world.start();
  return world;
}

/** The outcome of a call: its value, or the code of its error. */
async function outcome<T>(call: Promise<T>): Promise<T | string> {
  try {
    return await call;
  } catch (error) {
    if (isFlotillaError(error)) return error.code;
    throw error;
  }
}

describe('three nodes', () => {
  test('a put at the leader is read at the leader and at followers, linearizably', async () => {
    const world = await threeNodes(1);
    const client = world.client();
    const leader = world.leader(1)!;
    await world.settle(client.propose(leader, 1, bare(put('k', 'v'))));
    expect(valueOf(await world.settle(client.read(leader, 1, 'linearizable', get('k'))))).toBe('v');
    for (const node of world.nodes) {
      expect(valueOf(await world.settle(client.read(node, 1, 'follower', get('k'))))).toBe('v');
    }
    for (const node of world.nodes.filter((other) => other !== leader)) {
      const calls = [
        () => client.read(node, 1, 'linearizable', get('k')),
        () => client.propose(node, 1, bare(put('k', 'w'))),
      ];
      for (const call of calls) {
        const refused = await world.settle(call().catch((error: unknown) => error));
        expect(isFlotillaError(refused, 'NotLeader') && refused.details.address).toBe(leader.address);
      }
    }
  });

  test('a deposed leader never answers a linearizable read with what was overwritten elsewhere', async () => {
    const world = await threeNodes(2);
    const old = world.leader(1)!;
    const inside = world.client();
    const outside = world.client();
    await world.settle(inside.propose(old, 1, bare(put('k', 'old'))));
    for (const node of world.nodes) if (node !== old) world.network.disconnect(old.name, node.name);
    const others = world.nodes.filter((node) => node !== old);
    await world.until(() => others.some((node) => node.leads(1)));
    const next = others.find((node) => node.leads(1))!;
    await world.settle(outside.propose(next, 1, bare(put('k', 'new'))));
    const reads: (string | CommandAnswer)[] = [];
    for (const consistency of ['linearizable', 'follower'] as const) {
      void outcome(inside.read(old, 1, consistency, get('k'))).then((read) => reads.push(read));
    }
    await world.virtual.advance(4 * ELECTION_MS);
    for (const read of reads) expect(typeof read).toBe('string');
    world.network.restore();
    await world.virtual.advance(10 * ELECTION_MS);
    expect(reads.length).toBe(2);
    for (const read of reads) if (typeof read !== 'string') expect(valueOf(read)).toBe('new');
  });

  test('a leader that was cut off before it won reads only what its predecessor had acknowledged, or more', async () => {
    const world = await threeNodes(3);
    const client = world.client();
    for (let round = 0; round < 5; round++) {
      const leader = world.leader(1)!;
      await world.settle(client.propose(leader, 1, bare(put('k', `${round}`))));
      leader.crash('process');
      const others = world.nodes.filter(({ up }) => up);
      // Asks everyone at every step of the election: whoever answers must have the last write.
      let read: string | undefined;
      while (read === undefined) {
        for (const node of others) {
          void outcome(client.read(node, 1, 'linearizable', get('k'))).then((answer) => {
            if (typeof answer !== 'string') read = valueOf(answer);
          });
        }
        await world.virtual.advance(20);
      }
      expect(read).toBe(`${round}`);
      await leader.start();
      await world.until(() => world.leader(1) !== undefined && leader.node.lifecycle.phase === 'ready');
    }
  });

  test('a node that restarts never shows an empty or half-replayed state, at any step', async () => {
    const world = await threeNodes(4);
    const client = world.client();
    for (let i = 0; i < 50; i++) await world.settle(client.propose(world.leader(1)!, 1, bare(put('k', `${i}`))));
    const node = world.nodes.find((other) => other !== world.leader(1))!;
    await world.virtual.advance(1000);
    node.crash();
    await node.start();
    const seen = new Map<Consistency, Set<string | undefined>>([
      ['stale', new Set()],
      ['follower', new Set()],
    ]);
    for (let step = 0; step < 400; step++) {
      for (const [consistency, values] of seen) {
        void outcome(client.read(node, 1, consistency, get('k'))).then((answer) => {
          if (typeof answer !== 'string') values.add(valueOf(answer));
        });
      }
      await world.virtual.advance(5);
    }
    expect([...seen.get('follower')!]).toEqual(['49']);
    expect([...seen.get('stale')!]).toEqual(['49']);
  });
});

/** A key that one writer counts up. What it knows of each number: acknowledged, or maybe, or surely not applied. */
class Counter {
  readonly key: string;
  acknowledged = 0;
  readonly acknowledgements: number[] = [];
  attempted = 0;
  readonly refused = new Set<number>();
  readonly unknown = new Set<number>();
  wrong: string | undefined;
  reads = 0;

  constructor(key: string) {
    this.key = key;
  }
}

interface Load {
  readonly counters: readonly Counter[];
  stop: boolean;
  running: number;
}

/** Writers and readers that go to any node, follow no hint but the next, and check what they read. */
function startLoad(world: KvWorld, keys: number): Load {
  const load: Load = {
    counters: Array.from({ length: keys }, (_, i) => new Counter(`k${i}`)),
    stop: false,
    running: 0,
  };
  for (const counter of load.counters) {
    const client = world.client();
    load.running += 2;
    void write(world, client, counter, load).finally(() => load.running--);
    void read(world, client, counter, load).finally(() => load.running--);
  }
  return load;
}

function pick(world: KvWorld, client: RawClient): KvWorldNode {
  return world.nodes[Math.floor(client.runtime.random() * world.nodes.length)]!;
}

async function write(world: KvWorld, client: RawClient, counter: Counter, load: Load): Promise<void> {
  let node = pick(world, client);
  let number = 0;
  while (!load.stop) {
    if (!counter.refused.has(number)) number = ++counter.attempted;
    counter.refused.delete(number);
    try {
      await client.propose(node, 1, bare(put(counter.key, `${number}`)));
      counter.acknowledged = number;
      counter.acknowledgements.push(number);
    } catch (error) {
      if (!isFlotillaError(error)) throw error;
      if (error.outcome === 'definite') counter.refused.add(number);
      else counter.unknown.add(number);
      node =
        world.nodes.find(({ address }) => isFlotillaError(error, 'NotLeader') && address === error.details.address) ??
        pick(world, client);
      await delay(client.runtime, 10);
    }
  }
}

async function read(world: KvWorld, client: RawClient, counter: Counter, load: Load): Promise<void> {
  while (!load.stop) {
    const consistency = client.runtime.random() < 0.5 ? 'linearizable' : 'follower';
    const atLeast = counter.acknowledged;
    try {
      const answer = await client.read(pick(world, client), 1, consistency, get(counter.key));
      const value = Number(valueOf(answer) ?? '0');
      counter.reads++;
      if (value < atLeast || value > counter.attempted) {
        counter.wrong = `a ${consistency} read of ${counter.key} gave ${value}, not ${atLeast} to ${counter.attempted}`;
      }
    } catch (error) {
      if (!isFlotillaError(error)) throw error;
    }
    await delay(client.runtime, 7);
  }
}

type Fault = (world: KvWorld) => Promise<void>;

const FAULTS: Readonly<Record<string, Fault>> = {
  /** The leader's process dies with everything that was not on disk, and comes back. */
  'leaders that are killed': async (world) => {
    const leader = world.leader(1);
    if (leader === undefined) return;
    leader.crash('none');
    await world.virtual.advance(3 * ELECTION_MS);
    await leader.start();
  },
  /** The leader is cut off from the other nodes, not from clients. */
  'leaders that are cut off': async (world) => {
    const leader = world.leader(1);
    if (leader === undefined) return;
    for (const node of world.nodes) if (node !== leader) world.network.disconnect(leader.name, node.name);
    await world.virtual.advance(4 * ELECTION_MS);
    world.network.restore();
  },
  /** The leader stands still, and then goes on as if nothing had happened. */
  'leaders that are paused': async (world) => {
    const leader = world.leader(1);
    if (leader === undefined) return;
    leader.runtime.pause();
    await world.virtual.advance(4 * ELECTION_MS);
    leader.runtime.resume();
  },
  'connections that break': async (world) => {
    for (const a of world.nodes)
      for (const b of world.nodes) if (a !== b) world.network.breakConnections(a.name, b.name);
    await world.virtual.advance(ELECTION_MS);
  },
  /** All nodes lose power at once. */
  'all nodes killed at once': async (world) => {
    for (const node of world.nodes) node.crash('none');
    await world.virtual.advance(100);
    for (const node of world.nodes) await node.start();
  },
};

describe('under load', () => {
  test.each(Object.keys(FAULTS))(
    '%s: no acknowledged write is lost, no refused one appears, no read is stale',
    async (fault) => {
      const world = await threeNodes(fault.length);
      const load = startLoad(world, 3);
      await world.virtual.advance(500);
      for (let round = 0; round < 2; round++) {
        await FAULTS[fault]!(world);
        await world.until(() => world.leader(1) !== undefined);
        await world.virtual.advance(2 * ELECTION_MS);
      }
      load.stop = true;
      await world.until(() => load.running === 0);
      await world.until(
        () => world.nodes.every(({ node }) => node.lifecycle.phase === 'ready') && world.leader(1) !== undefined,
      );

      const events = await history(world);
      for (const counter of load.counters) {
        expect(counter.wrong).toBeUndefined();
        expect(counter.reads).toBeGreaterThan(20);
        expect(counter.acknowledgements.length).toBeGreaterThan(20);
        const written = events.filter(({ key }) => key === counter.key).map(({ value }) => value);
        expect(new Set(written).size).toBe(written.length);
        for (const refused of counter.refused) expect(written).not.toContain(refused);
        const present = new Set(written);
        for (const number of counter.acknowledgements) expect(present.has(number)).toBe(true);
        const known = new Set([...counter.acknowledgements, ...counter.unknown]);
        for (const number of written) expect(known.has(number)).toBe(true);
      }
      await equalStates(world);
    },
  );
});

/** All puts of group 1, as a watch from the beginning tells them. */
async function history(world: KvWorld): Promise<{ key: string; value: number }[]> {
  const client = world.client();
  const events: { key: string; value: number }[] = [];
  let through = 1;
  const heard = (message: ServerMessage): void => {
    if (message.kind === 'watchEnded') throw message.error;
    if (message.kind !== 'watchEvents') return;
    through = message.through;
    for (const { kv } of message.events) events.push({ key: text(kv.key), value: Number(text(kv.value)) });
  };
  const watch = {
    group: 1,
    keyspace: 1,
    range: ALL_KEYS,
    startRevision: 2,
    prevKv: false,
    noPut: false,
    noDelete: false,
    progress: false,
  };
  await world.settle(client.watch(world.leader(1)!, watch, heard));
  const { revision } = world.leader(1)!.groups.machine(1)!.store;
  await world.until(() => through >= revision);
  return events;
}

/** All replicas come to one state. */
async function equalStates(world: KvWorld): Promise<void> {
  for (const group of world.dataGroups()) {
    const applied = (): number[] => world.nodes.map(({ node }) => node.groupStatus(group).appliedIndex);
    await world.until(() => new Set(applied()).size === 1);
    expect(new Set(world.nodes.map(({ groups }) => groups.machine(group)!.stateHash())).size).toBe(1);
  }
}

describe('a watch over failures', () => {
  test('goes on at another node from the last revision it has: every event once, in order, whole by revision', async () => {
    const world = await threeNodes(9);
    const load = startLoad(world, 3);
    const client = world.client();
    const events: string[] = [];
    let through = 1;
    let watching = false;
    const watchFrom = (node: KvWorldNode): void => {
      watching = true;
      const heard = (message: ServerMessage): void => {
        if (message.kind === 'watchEnded') watching = false;
        if (message.kind !== 'watchEvents') return;
        expect(message.partial).toBe(false);
        for (const { kv } of message.events) {
          expect(kv.modRevision).toBeGreaterThan(through);
          events.push(`${text(kv.key)}=${text(kv.value)}`);
        }
        through = message.through;
      };
      const watch = {
        group: 1,
        keyspace: 1,
        range: ALL_KEYS,
        startRevision: through + 1,
        prevKv: false,
        noPut: false,
        noDelete: false,
        progress: false,
      };
      client.watch(node, watch, heard).catch(() => (watching = false));
    };
    for (let round = 0; round < 3; round++) {
      const node = world.nodes[round]!;
      watchFrom(node);
      await world.virtual.advance(700);
      node.crash('none');
      watching = false;
      await world.virtual.advance(3 * ELECTION_MS);
      await node.start();
      await world.until(() => node.node.lifecycle.phase === 'ready' && world.leader(1) !== undefined);
    }
    load.stop = true;
    await world.until(() => load.running === 0);
    watchFrom(world.leader(1)!);
    const { revision } = world.leader(1)!.groups.machine(1)!.store;
    await world.until(() => through >= revision);
    expect(watching).toBe(true);
    expect(events).toEqual((await history(world)).map(({ key, value }) => `${key}=${value}`));
    expect(events.length).toBeGreaterThan(50);
  });
});

describe('sessions', () => {
  test('a write that is repeated after every doubt is applied once, whichever leader dies, also under new leaders', async () => {
    const world = await threeNodes(11);
    const client = world.client();
    const clientId = client.runtime.randomBytes(16);
    const keep = async (envelope: Uint8Array): Promise<CommandAnswer | undefined> => {
      for (;;) {
        try {
          return await client.propose(world.leader(1) ?? pick(world, client), 1, envelope);
        } catch (error) {
          if (!isFlotillaError(error) || error.code === 'SessionExpired') throw error;
          await delay(client.runtime, 20);
        }
      }
    };
    await world.settle(
      keep(encodeSessionEnvelope({ kind: 'register', clientId, vshard: GROUP_WIDE_VSHARD, ttlMs: 60_000 })),
    );
    const write = (sequence: number): Uint8Array =>
      encodeSessionEnvelope({
        kind: 'command',
        clientId,
        sequence,
        acknowledged: Math.max(0, sequence - 5),
        vshard: GROUP_WIDE_VSHARD,
        command: put('k', `${sequence}`),
      });
    for (let sequence = 1; sequence <= 30; sequence++) {
      const answers = Promise.all([keep(write(sequence)), keep(write(sequence)), keep(write(sequence))]);
      if (sequence % 10 === 5) {
        const leader = world.leader(1)!;
        await world.virtual.advance(2);
        leader.crash('none');
        const [first, ...others] = await world.settle(answers);
        for (const other of others) expect(other).toEqual(first);
        await leader.start();
        await world.until(() => leader.node.lifecycle.phase === 'ready' && world.leader(1) !== undefined);
      } else {
        const [first, ...others] = await world.settle(answers);
        for (const other of others) expect(other).toEqual(first);
        expect(first?.revision).toBe(sequence + 1);
      }
    }
    expect((await history(world)).map(({ value }) => value)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    const early = await world.settle(outcome(client.propose(world.leader(1)!, 1, write(3))));
    expect(early).toBe('SessionExpired');
    await equalStates(world);
  });

  test('a command of a session that was never opened is refused, and never applied', async () => {
    const world = await threeNodes(12);
    const client = world.client();
    const envelope = encodeSessionEnvelope({
      kind: 'command',
      clientId: new Uint8Array(16).fill(7),
      sequence: 1,
      acknowledged: 0,
      vshard: GROUP_WIDE_VSHARD,
      command: put('k', '1'),
    });
    expect(await world.settle(outcome(client.propose(world.leader(1)!, 1, envelope)))).toBe('SessionExpired');
    expect(await history(world)).toEqual([]);
  });
});
