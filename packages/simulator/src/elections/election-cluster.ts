import { type PinnedSnapshot, RaftNode, type StateMachine } from '@flotilla/cluster';
import { MessageType, TraceKind } from '@flotilla/raft-core';
import { type VirtualRuntime, VirtualWorld } from '@flotilla/runtime/virtual';
import { openStorage } from '@flotilla/storage';
import { MemoryFiles } from '@flotilla/storage/memory';
import { MemoryNetwork } from '@flotilla/transport/memory';
import type { ElectionSetup } from './election-setup.js';

/** One election, as it went. */
export interface ElectionTime {
  /**
   * From the moment at which the followers' clocks were set for the last time, on average, until one of them led, ms: what the thesis's
   * simulator measures, where all servers begin with fresh timers.
   */
  readonly fromLastHeartbeatMs: number;
  /** From the leader's crash, somewhere between two heartbeats, until another led, ms. */
  readonly fromCrashMs: number;
  /** Terms that were tried. More than one: votes were split. */
  readonly terms: number;
}

/** A segment just large enough: disks are no part of the figures. */
const SEGMENT_BYTES = 32_768;
/** Longest wait for anything, virtual ms. */
const PATIENCE_MS = 120_000;
/** Until a server that was started again is linked to all others: they dial within this, virtual ms. */
const REJOIN_MS = 450;

class Server {
  readonly id: number;
  readonly cluster: ElectionCluster;
  files = new MemoryFiles();
  runtime!: VirtualRuntime;
  node: RaftNode | undefined;
  /** When its election clock was last set by a leader, world's ms. */
  heardAtMs = 0;

  constructor(cluster: ElectionCluster, id: number) {
    this.cluster = cluster;
    this.id = id;
  }

  get name(): string {
    return nameOf(this.id);
  }

  get leads(): boolean {
    return this.node?.status().role === 'leader';
  }

  async start(): Promise<void> {
    const { world, network, setup, members } = this.cluster;
    this.runtime = world.createRuntime();
    const storage = await openStorage({ files: this.files, runtime: this.runtime, segmentBytes: SEGMENT_BYTES });
    this.node = new RaftNode({
      id: this.id,
      members,
      transport: network.transport(this.name, { runtime: this.runtime }),
      log: await storage.log(0),
      snapshots: storage.snapshots,
      stateMachine: NOTHING,
      runtime: this.runtime,
      tickMs: setup.tickMs,
      timing: {
        electionTicks: setup.electionTimeoutMinMs / setup.tickMs,
        heartbeatTicks: setup.heartbeatMs / setup.tickMs,
      },
      rules: { preVote: setup.preVote, checkQuorum: setup.checkQuorum },
      trace: (_group, event) => {
        if (event.kind !== TraceKind.MessageReceived) return;
        const { type } = event.message;
        if (type === MessageType.Heartbeat || type === MessageType.App) this.heardAtMs = world.now();
      },
    });
    await this.node.start();
  }

  /** Its process is killed; what it had sent is still on its way. */
  kill(): void {
    this.runtime.halt();
    this.cluster.network.crash(this.name);
    this.files = this.files.crash('process');
    this.node = undefined;
  }
}

/**
 * Real servers of one Raft group (`RaftNode`, with its engine, links and core) in a world of virtual time, whose leader is killed again and
 * again.
 */
export class ElectionCluster {
  readonly world: VirtualWorld;
  readonly network: MemoryNetwork;
  readonly setup: ElectionSetup;
  readonly members: ReadonlyMap<number, string>;
  readonly #servers: readonly Server[];

  /** The servers of a setup; all chance comes from the seed. */
  constructor(setup: ElectionSetup, seed: number | string) {
    this.setup = setup;
    this.world = new VirtualWorld({ seed });
    this.network = new MemoryNetwork({ runtime: this.world.createRuntime(), latency: setup.latency, seed });
    const ids = Array.from({ length: setup.servers }, (_, at) => at + 1);
    this.members = new Map(ids.map((id) => [id, `mem://${nameOf(id)}:1`]));
    this.#servers = ids.map((id) => new Server(this, id));
  }

  /** Starts all servers but those that are down for good, and waits for a leader. */
  async start(): Promise<void> {
    const up = this.#servers.slice(0, this.setup.servers - this.setup.failed + 1);
    // Not in one moment: their ticks would fall together.
    for (const server of up) {
      await this.world.advance(this.world.prng.float() * this.setup.tickMs);
      await this.world.settle(server.start());
    }
    await this.#agreed();
    await this.world.advance(REJOIN_MS);
    await this.#agreed();
  }

  /** Kills the leader, waits for another, and starts the killed one again. */
  async elect(): Promise<ElectionTime> {
    const { world, setup } = this;
    await world.advance(world.prng.float() * setup.heartbeatMs);
    const leader = this.#leader();
    if (leader === undefined) throw new Error('no server leads, though all had agreed on one');
    const before = termOf(leader);
    leader.kill();
    const crashedMs = world.now();
    await world.runUntil(() => this.#leader() !== undefined, { deadlineMs: PATIENCE_MS });
    const electedMs = world.now();
    const heardMs = this.#mean((server) => server.heardAtMs);
    const terms = termOf(this.#leader() as Server) - before;
    await world.settle(leader.start());
    await this.#agreed();
    await world.advance(REJOIN_MS);
    await this.#agreed();
    return { fromLastHeartbeatMs: electedMs - heardMs, fromCrashMs: electedMs - crashedMs, terms };
  }

  #up(): Server[] {
    return this.#servers.filter(({ node }) => node !== undefined);
  }

  #leader(): Server | undefined {
    return this.#up().find(({ leads }) => leads);
  }

  /** Every server that is up follows the one leader. */
  #agreed(): Promise<void> {
    return this.world.runUntil(
      () => {
        const leader = this.#leader();
        return leader !== undefined && this.#up().every(({ node }) => node?.status().leader === leader.id);
      },
      { deadlineMs: PATIENCE_MS },
    );
  }

  #mean(of: (server: Server) => number): number {
    const up = this.#up();
    return up.reduce((sum, server) => sum + of(server), 0) / up.length;
  }
}

function nameOf(id: number): string {
  return `s${id}`;
}

function termOf(server: Server): number {
  return server.node?.status().term ?? 0;
}

const NO_RESULT = new Uint8Array(0);
const NO_STATE: PinnedSnapshot = {
  async *read() {
    yield NO_RESULT;
  },
  release: () => undefined,
};
/** A state machine without a state. */
const NOTHING: StateMachine = {
  apply: (commands) => commands.map(() => NO_RESULT),
  snapshot: () => NO_STATE,
  restore: () => Promise.resolve(),
};
