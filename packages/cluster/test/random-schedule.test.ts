import { utf8Encode } from '@flotilla/bytes';
import { FlotillaError, isFlotillaError } from '@flotilla/errors';
import { ConfChangeType } from '@flotilla/raft-core';
import { Prng } from '@flotilla/runtime/virtual';
import { describe, expect, test } from 'vitest';
import { RaftInvariants } from './world/raft-invariants.js';
import { RaftWorld, type RaftWorldNode } from './world/raft-world.js';

const STEPS = 150;

interface Totals {
  acknowledged: number;
  refused: number;
  unknown: number;
  reads: number;
  crashes: number;
  partitions: number;
  snapshots: number;
  restores: number;
}

/** One schedule of faults over three nodes and a group, from a seed. */
class Schedule {
  readonly #prng: Prng;
  readonly #world: RaftWorld;
  readonly #invariants: RaftInvariants;
  readonly acknowledged: string[] = [];
  readonly #definite = new Set<string>();
  readonly totals: Totals = {
    acknowledged: 0,
    refused: 0,
    unknown: 0,
    reads: 0,
    crashes: 0,
    partitions: 0,
    snapshots: 0,
    restores: 0,
  };
  readonly errors: Error[] = [];
  #next = 0;

  constructor(world: RaftWorld, seed: string) {
    this.#world = world;
    this.#prng = new Prng(seed);
    this.#invariants = new RaftInvariants(world, 1);
    const { faults } = world.network;
    faults.delay = () => this.#prng.float() * 20;
    faults.lost = () => this.#prng.float() < 0.02;
    faults.doubled = () => this.#prng.float() < 0.02;
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#prng.float() * items.length)];
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      await this.#fault();
      const lull = this.#prng.float() < 0.05;
      if (!lull) for (const node of this.#world.alive()) this.#load(node);
      for (let at = 0; at < 4; at++) {
        await this.#world.virtual.advance(this.#prng.float() * (lull ? 1_000 : 30));
        this.#invariants.check();
      }
    }
    await this.#converge();
  }

  async #fault(): Promise<void> {
    const chance = this.#prng.float();
    const { network } = this.#world;
    const node = this.#pick([...this.#world.nodes.values()]);
    if (node === undefined) return;
    if (chance < 0.06) {
      if (!node.alive) return this.#restart(node);
      this.totals.crashes++;
      await node.crash(() => this.#prng.float() < 0.5);
    } else if (chance < 0.16) {
      if (!node.alive) await this.#restart(node);
    } else if (chance < 0.22) {
      this.totals.partitions++;
      network.isolate(node.id);
    } else if (chance < 0.34) {
      network.heal();
    } else if (chance < 0.37) {
      network.breakStreams();
    } else if (chance < 0.42 && node.alive) {
      node.log.delay = () => this.#prng.float() * 40;
    } else if (chance < 0.46 && node.alive) {
      node.groups.campaign(1);
    } else if (chance < 0.5 && node.alive) {
      node.groups.transferLeadership(1, this.#pick([1, 2, 3]) ?? 1).catch(() => undefined);
    } else if (chance < 0.52 && node.alive) {
      const type = this.#prng.float() < 0.5 ? ConfChangeType.AddLearnerNode : ConfChangeType.RemoveNode;
      node.groups
        .proposeConfChange(1, { kind: 'v1', type, nodeId: 9, context: new Uint8Array(0) })
        .catch(() => undefined);
    }
  }

  async #restart(node: RaftWorldNode): Promise<void> {
    await node.start();
    this.#invariants.restarted(node.id);
  }

  #load(node: RaftWorldNode): void {
    if (this.#prng.float() < 0.5) return;
    const burst = 1 + Math.floor(this.#prng.float() * 6);
    for (let at = 0; at < burst; at++) {
      const text = `c${this.#next++}`;
      node.groups.proposeToGroup(1, utf8Encode(text)).then(
        () => {
          this.totals.acknowledged++;
          this.acknowledged.push(text);
        },
        (error: unknown) => this.#failed(text, error),
      );
    }
    const known = this.acknowledged.slice();
    node.groups.readIndex(1).then(
      () => {
        this.totals.reads++;
        const texts = new Set(node.machine(1).texts);
        for (const text of known) {
          if (!texts.has(text))
            this.errors.push(new Error(`a read on node ${node.id} missed ${text}, acknowledged before it`));
        }
      },
      (error: unknown) => {
        if (!isFlotillaError(error)) this.errors.push(error as Error);
      },
    );
  }

  #failed(text: string, error: unknown): void {
    if (!(error instanceof FlotillaError)) {
      this.errors.push(error as Error);
    } else if (error.outcome === 'definite') {
      this.totals.refused++;
      this.#definite.add(text);
    } else {
      this.totals.unknown++;
    }
  }

  /** Faults end: the group must become whole again, and hold what it promised. */
  async #converge(): Promise<void> {
    const { network } = this.#world;
    network.heal();
    network.faults.lost = () => false;
    for (const node of this.#world.nodes.values()) if (!node.alive) await this.#restart(node);
    for (const node of this.#world.alive()) node.log.delay = () => 1;
    await this.#world.awaitLeader(1);
    for (let done = false; !done;) {
      const leader = this.#world.leader(1);
      const ended = leader?.groups.proposeToGroup(1, utf8Encode(`end${this.#next++}`));
      done = ended !== undefined && !((await this.#world.outcome(ended)) instanceof Error);
      await this.#world.virtual.advance(20);
      if (this.#world.virtual.now() > 600_000) throw new Error('no convergence');
    }
    const nodes = this.#world.alive();
    const ends = nodes.map((node) => node.groups.status(1).commitIndex);
    const end = Math.max(...ends);
    await this.#world.until(() => nodes.every((node) => node.groups.status(1).appliedIndex >= end));
    this.#invariants.check();
    this.#invariants.checkAcknowledged(this.acknowledged);
    for (const node of nodes) {
      for (const text of node.machine(1).texts) {
        if (this.#definite.has(text)) throw new Error(`${text} failed definitely, and was applied on node ${node.id}`);
      }
      this.totals.restores += node.machine(1).restores;
      if (node.groups.snapshotMetadata(1) !== undefined) this.totals.snapshots++;
    }
    const [first, ...others] = nodes;
    for (const other of others) expect(other.machine(1).applied).toEqual(first?.machine(1).applied);
    if (this.errors[0] !== undefined) throw this.errors[0];
  }
}

async function run(seed: string, how: { quiescence?: boolean; files?: boolean } = {}): Promise<Totals> {
  const world = await RaftWorld.of(3, [1], {
    seed,
    ...how,
    snapshotting: {
      policy: { entriesMax: 25, bytesMax: 1 << 30, keepEntries: 8, keepBytes: 1 << 30 },
      chunkBytes: 500,
      retryPauseMs: 10,
      stallTimeoutMs: 500,
    },
    limits: { applyEntriesMax: 7 },
  });
  const schedule = new Schedule(world, seed);
  try {
    await schedule.run();
  } catch (error) {
    throw new Error(`seed ${seed} at ${world.virtual.now()} ms: ${(error as Error).stack}`, { cause: error });
  }
  for (const node of world.alive()) await world.settle(node.worker.stop());
  return schedule.totals;
}

describe('random schedules of crashes, partitions, lost and doubled frames, slow disks and elections', () => {
  const totals: Totals = {
    acknowledged: 0,
    refused: 0,
    unknown: 0,
    reads: 0,
    crashes: 0,
    partitions: 0,
    snapshots: 0,
    restores: 0,
  };
  const first = 1;
  const last = 12;
  for (let seed = first; seed <= last; seed++) {
    test(`keep Raft's five invariants and what was acknowledged, seed ${seed}`, async () => {
      const one = await run(`schedule ${seed}`, { quiescence: seed % 2 === 0, files: seed % 3 === 0 });
      for (const key of Object.keys(totals) as (keyof Totals)[]) totals[key] += one[key];
      expect(one.acknowledged).toBeGreaterThan(0);
    });
  }

  test('the same seed gives the same run', async () => {
    expect(await run('twice')).toEqual(await run('twice'));
  });
});
