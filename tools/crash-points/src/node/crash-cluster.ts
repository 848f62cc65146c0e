import { FlotillaClient } from '@flotilla/client';
import type { ClusterEvent, ClusterNodeConfig, StateMachine } from '@flotilla/cluster';
import { equals } from '@flotilla/bytes';
import type { Survival } from '@flotilla/storage/memory';
import {
  INVARIANTS,
  InvariantSet,
  kvApplication,
  type Observation,
  ObservedCluster,
  SimulatedCluster,
  type SimulatedNode,
  Story,
  unrest,
} from '@flotilla/simulator';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import { WriteRegister } from './write-register.js';

/** A log of this size turns its segments over within a scenario. */
export const SEGMENT_BYTES = 8192;
/** A machine that crashed is started again after so long (virtual ms). */
const RESTART_MS = 300;
/** Everything comes to rest within so long, joins and their back-off included (virtual ms). */
const REST_MS = 180_000;
/** How often it is looked whether there is rest (virtual ms). */
const LOOK_MS = 100;

/** What all scenarios have in common. */
const CONFIG: Partial<ClusterNodeConfig> = {
  numGroups: 1,
  tickMs: 50,
  heartbeatMs: 100,
  electionTimeoutMs: 500,
  snapshotChunkBytes: 1024,
  compaction: { entries: 8 },
  joinRetry: { maxAttempts: 12, maxBackoffMs: 4_000 },
};

/** How a cluster of a scenario is made. */
export interface CrashClusterOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly config: Partial<ClusterNodeConfig>;
  readonly valueBytes: number;
  /** The disks were in use before: what is known of the cluster begins with what is found on them. */
  readonly isContinued?: boolean;
  /** What nodes may end with: nothing, or the refusal of a damaged disk, after which an operator replaces it (default `nothing`). */
  readonly tolerated?: 'nothing' | 'refusal';
}

/** Rules that hold what is found on disks against what was seen of their earlier lives. */
const NEEDS_PAST: ReadonlySet<string> = new Set([
  'commit-on-quorum',
  'follows-the-leader',
  'restart-from-disk',
  'restart-keeps-promises',
  'snapshot-of-committed',
]);

/** A cluster in virtual time, a client that writes to it, and what must be true of it whatever crashed. */
export class CrashCluster {
  readonly world: VirtualWorld;
  readonly cluster: SimulatedCluster;
  writes: WriteRegister;
  /** Told of each event of a machine. */
  onEvent: ((machine: string, text: string) => void) | undefined;
  readonly #rules: InvariantSet;
  readonly #tolerated: 'nothing' | 'refusal';
  readonly #clusterIds = new Set<string>();
  readonly #problems: string[] = [];
  readonly #story: Story;
  /** Machines that left the cluster, and are not asked any more. */
  readonly #gone = new Set<string>();
  readonly #leaving = new Set<string>();
  #client: FlotillaClient | undefined;

  constructor(options: CrashClusterOptions) {
    const { seed, nodes, config, valueBytes, isContinued = false, tolerated = 'nothing' } = options;
    this.#tolerated = tolerated;
    this.world = new VirtualWorld({ seed });
    const invariants = INVARIANTS().filter(({ name }) => !isContinued || !NEEDS_PAST.has(name));
    this.#rules = new InvariantSet(invariants, new ObservedCluster());
    this.writes = new WriteRegister(valueBytes);
    this.#story = new Story({ now: () => this.world.now(), kept: true });
    this.cluster = new SimulatedCluster({
      world: this.world,
      seed,
      nodes,
      config: { ...CONFIG, ...config },
      segmentBytes: SEGMENT_BYTES,
      latency: 1,
      diskLatencyMs: undefined,
      clock: () => ({}),
      application: kvApplication,
      observer: { observe: (observation) => this.#observe(observation) },
      story: this.#story,
      onCrash: (error, { node = '' }) => this.#problems.push(`${node}: ${error.stack ?? error.message}`),
    });
  }

  /** Machines that belong to the cluster. */
  get machines(): SimulatedNode[] {
    return [...this.cluster.nodes.values()].filter(({ name }) => !this.#gone.has(name));
  }

  /** Lines of what happened, for people. */
  get story(): readonly string[] {
    return this.#story.lines.map(({ atMs, node, what }) => `${atMs} ${node} ${what}`);
  }

  /** Never throws into a node: the first rule that is broken is a problem of the run. */
  #observe(observation: Observation): void {
    this.#judge(() => this.#rules.observe(observation));
    switch (observation.kind) {
      case 'cluster-event':
        return this.#event(observation.node, textOf(observation.event));
      case 'group-opened':
      case 'group-dropped':
      case 'restored':
        return this.#event(observation.replica.node, `${observation.kind} ${observation.replica.group}`);
      case 'group-stopped':
        this.onEvent?.(observation.replica.node, `${observation.kind} ${observation.replica.group}`);
        if (this.#tolerated === 'nothing')
          this.#problems.push(
            `group ${observation.replica.group} stopped on ${observation.replica.node}: ${observation.error.message}`,
          );
        return undefined;
      default:
        return undefined;
    }
  }

  #judge(rules: () => void): void {
    if (this.#problems.length > 0) return;
    try {
      rules();
    } catch (error) {
      this.#problems.push(error instanceof Error ? error.message : String(error));
    }
  }

  #event(machine: string, text: string): void {
    this.onEvent?.(machine, text);
    if (text === 'lifecycle.changed failed' && this.#leaving.has(machine)) this.left(machine);
  }

  /** Starts a machine, or all that are down; resolves at once. */
  start(...names: readonly string[]): void {
    for (const name of names.length === 0 ? this.cluster.names : names) {
      this.cluster.background(`start of ${name}`, this.cluster.node(name).start());
    }
  }

  /** Stops a machine in good order; resolves when it is down, or has crashed on the way. */
  async stop(name: string): Promise<void> {
    const node = this.cluster.node(name);
    const { life } = node;
    this.cluster.background(`stop of ${name}`, node.stop());
    await this.until(`the stop of ${name}`, () => !node.isUp || node.life !== life);
  }

  /** The machine, or its process, dies now, and starts again a little later. */
  crash(name: string, survival: Survival): void {
    const node = this.cluster.node(name);
    if (!node.isUp) return;
    if (survival === 'process') node.kill();
    else node.powerCut(survival, { peers: 'reset' });
    this.cluster.director.setTimer(RESTART_MS, () => {
      if (!this.#gone.has(name)) this.start(name);
    });
  }

  /** The machine is about to be taken out: as soon as its node knows that it was, nothing runs on it any more. */
  leaves(name: string): void {
    this.#leaving.add(name);
  }

  /** The machine is no longer part of the cluster: what runs on it ends. */
  left(name: string): void {
    this.#gone.add(name);
    this.cluster.node(name).kill();
  }

  /** Drives the world until the condition holds. @throws {Error} naming `what` */
  async until(what: string, condition: () => boolean, withinMs: number = REST_MS): Promise<void> {
    const endMs = this.world.now() + withinMs;
    while (!condition()) {
      if (this.world.now() >= endMs) throw new Error(`${what} did not come within ${withinMs} virtual ms`);
      await this.world.advance(LOOK_MS);
    }
  }

  /** Drives the world until all machines are ready and every group is settled on `voters` of them, unless fewer are asked for by a group. */
  async rest(voters?: number): Promise<void> {
    let why: string | undefined;
    const isAtRest = (): boolean => {
      why = unrest(this.cluster, this.machines) ?? this.#missingVoters(voters);
      return why === undefined;
    };
    await this.until('rest', isAtRest).catch((error: unknown) => {
      throw new Error(`${error instanceof Error ? error.message : String(error)}: ${why ?? ''}${this.#problemText()}`);
    });
  }

  #missingVoters(voters: number | undefined): string | undefined {
    if (voters === undefined) return undefined;
    for (const group of this.cluster.groups) {
      const status = this.cluster.leader(group)?.running?.groupStatus(group);
      if (status?.confState.voters.length !== voters || status.confState.learners.length > 0) {
        return `group ${group} has voters ${status?.confState.voters.join() ?? 'unknown'}`;
      }
    }
    return undefined;
  }

  /** Drives the world until the promise settles. */
  settle<T>(work: Promise<T>): Promise<T> {
    return this.world.settle(work, { deadlineMs: REST_MS });
  }

  /** Writes the next version of `count` keys, `rounds` times. */
  async write(count: number, rounds = 1): Promise<void> {
    const client = await this.client();
    for (let round = 0; round < rounds; round++) await this.settle(this.writes.write(client, count));
  }

  /** The client, connected when first asked for. */
  async client(): Promise<FlotillaClient> {
    const runtime = this.world.createRuntime();
    this.#client ??= await this.settle(
      FlotillaClient.connect({
        endpoints: this.cluster.endpoints,
        transports: [this.cluster.network.transport('client', { runtime })],
        runtime,
        connectTimeoutMs: 60_000,
      }),
    );
    return this.#client;
  }

  /**
   * The cluster serves, acknowledged writes are there, replicas are equal, nothing failed on the way, and there is one cluster with
   * as many members as were ever let in: `members`, where that is known.
   *
   * @throws {Error}
   */
  async check(voters: number, members: number | undefined): Promise<void> {
    await this.rest(voters);
    await this.settle(this.writes.check(await this.client()));
    await this.write(2);
    await this.settle(this.writes.check(await this.client()));
    await this.rest(voters);
    for (const { running } of this.machines) this.#clusterIds.add(running?.clusterId ?? 'none');
    if (this.#clusterIds.size !== 1) throw new Error(`there are clusters ${[...this.#clusterIds].join(' and ')}`);
    const lastNodeId = this.machines[0]?.running?.topology().lastNodeId;
    if (members !== undefined && lastNodeId !== members)
      throw new Error(`${members} machines were let in as nodes 1 to ${lastNodeId}`);
    await this.#checkStates();
    this.#judge(() => this.#rules.check());
    this.#judge(() => this.#rules.settled(this.machines.map(({ name }) => name)));
    const text = this.#problemText();
    if (text !== '') throw new Error(text);
  }

  /** All machines die, so that nothing of this run goes on. */
  end(): void {
    for (const node of this.cluster.nodes.values()) node.kill();
  }

  #problemText(): string {
    const failed = this.#story.lines.filter(
      ({ node, what }) =>
        what.startsWith('node failed') &&
        !this.#gone.has(node) &&
        !(this.#tolerated === 'refusal' && what.startsWith('node failed: StorageCorrupt')),
    );
    const lines = [...this.#problems, ...failed.map(({ node, what }) => `${node}: ${what}`)];
    return lines.length === 0 ? '' : `; ${lines.join('; ')}`;
  }

  /** All replicas of a group are at the same index now, so their snapshots are the same bytes. */
  async #checkStates(): Promise<void> {
    for (const group of this.cluster.groups.filter((id) => id !== 0)) {
      let first: Uint8Array | undefined;
      for (const { name, running } of this.machines) {
        if (running === undefined || !running.groupStatuses().some((status) => status.group === group)) continue;
        const state = await snapshotOf(running.stateMachine(group));
        if (first !== undefined && !equals(first, state))
          throw new Error(`${name} has another state of group ${group}`);
        first = state;
      }
    }
  }
}

/** A cluster event in short. */
function textOf(event: ClusterEvent): string {
  if (event.name === 'lifecycle.changed') return `${event.name} ${event.phase}`;
  return 'group' in event ? `${event.name} ${event.group}` : event.name;
}

async function snapshotOf(machine: StateMachine): Promise<Uint8Array> {
  const pinned = machine.snapshot();
  try {
    const pieces: number[] = [];
    for await (const piece of pinned.read()) for (const byte of piece) pieces.push(byte);
    return Uint8Array.from(pieces);
  } finally {
    pinned.release();
  }
}
