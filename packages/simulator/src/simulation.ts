import { Prng, VirtualWorld } from '@flotilla/runtime/virtual';
import type { Fault } from './faults/fault.js';
import type { QueueBounds } from './invariants/bounded-queues.js';
import type { Invariant } from './invariants/invariant.js';
import { drawCore, insufficiency } from './liveness/core.js';
import { breakOutside, mendAll } from './liveness/outside.js';
import { misplacement } from './liveness/placement.js';
import { unanswered, unrest } from './liveness/rest.js';
import { serves, takesMetadata } from './liveness/service.js';
import { figuresOf } from './observation/node-figures.js';
import { FaultSchedule } from './plan/fault-schedule.js';
import { delayOf, drawerOf } from './plan/planned-delay.js';
import type { SimulationPlan } from './plan/simulation-plan.js';
import { Excused, RunDriver, type Wait } from './run/run-driver.js';
import { RunJudge } from './run/run-judge.js';
import { digestStates } from './run/digest-states.js';
import { Story, type StoryLine } from './story/story.js';
import type { Violation } from './violation.js';
import type { Subject, Workload } from './workload/workload.js';
import { SimulatedCluster } from './world/simulated-cluster.js';

/** What one run needs beside its plan. */
export interface SimulationOptions {
  readonly subject: Subject;
  /** All kinds of fault that the plan may name. */
  readonly faults: readonly Fault[];
  /** Made anew for each run. `bounds` are those that the plan's configuration sets to what waits in a node. */
  readonly invariants: (bounds?: QueueBounds) => readonly Invariant[];
  /** Whether the story is kept (default false). */
  readonly story?: boolean;
}

/** What came of one run. */
export interface SimulationResult {
  readonly plan: SimulationPlan;
  /** The first rule that did not hold. */
  readonly violation: Violation | undefined;
  /** 16 hexadecimal digits: of all that was observed. */
  readonly hash: string;
  readonly observations: number;
  /** Virtual ms, start and end of the cluster included. */
  readonly virtualMs: number;
  /** Operations that clients began. */
  readonly operations: number;
  /** Histories for which the checker came to no verdict within its budget. */
  readonly undecided: number;
  /** How often each kind of fault took effect. */
  readonly counts: ReadonlyMap<string, number>;
  readonly story: readonly StoryLine[];
}

/** A cluster without faults comes to rest within so long after its start (virtual ms). */
const START: Wait = { withinMs: 120_000, otherwise: 'stuck' };
/** After all was healed: joins and replacements that were waiting have backed off up to 32 s. */
const REST: Wait = { withinMs: 300_000, otherwise: 'stuck' };
/** A part that can do without the rest, once it is left alone. */
const CORE: Wait = { withinMs: 180_000, otherwise: 'liveness' };
/** Operations of clients, orderly stops and the like end within so long. */
const OUTCOME: Wait = { withinMs: 120_000, otherwise: 'stuck' };
/** A core that serves is watched for so many election timeouts. */
const QUIET_ELECTIONS = 20;
/** In that time a group may see so many new terms: leaders may still be handed over to spread them evenly. */
const QUIET_TERMS_MAX = 4;

/** A log may hold so many entries beyond a few times those that call for compaction: of what followers lack, and of what is on its way. */
const UNCOMPACTED_MAX = 1_000;

/** What plans that say nothing of them mean: the defaults of the cluster. */
const ELECTION_MS = 500;
const REPLICATION_FACTOR = 3;

/** One run of a plan: a cluster starts, is used and tormented, is healed, and must then be as good as new. */
export class Simulation {
  readonly #plan: SimulationPlan;
  readonly #options: SimulationOptions;
  readonly #world: VirtualWorld;
  readonly #story: Story;
  readonly #judge: RunJudge;
  readonly #driver: RunDriver;
  readonly #cluster: SimulatedCluster;
  readonly #workload: Workload;
  readonly #faults: FaultSchedule;

  constructor(plan: SimulationPlan, options: SimulationOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#world = new VirtualWorld({ seed: plan.seed });
    const now = (): number => this.#world.now();
    this.#story = new Story({ now, kept: options.story ?? false });
    this.#judge = new RunJudge({
      now,
      story: this.#story,
      invariants: this.#newInvariants(),
      listener: (observation) => this.#workload.observe?.(observation),
    });
    this.#driver = new RunDriver(this.#world, this.#judge, () => this.#poll());
    this.#cluster = this.#newCluster();
    this.#workload = options.subject.workload({
      cluster: this.#cluster,
      plan: plan.workload,
      prng: new Prng(`${plan.seed}/workload`),
    });
    this.#faults = new FaultSchedule(this.#cluster, options.faults, plan.actions);
  }

  #newInvariants(): Invariant[] {
    const { subject, invariants } = this.#options;
    const entries = this.#plan.config.compaction?.entries;
    const bounds = entries === undefined ? undefined : { logEntriesMax: 4 * entries + UNCOMPACTED_MAX };
    return [...invariants(bounds), ...(subject.invariants?.() ?? [])];
  }

  #newCluster(): SimulatedCluster {
    const { seed, nodes, config, segmentBytes, latency, diskLatency, driftPpmMax } = this.#plan;
    const drawDisk = drawerOf(diskLatency);
    const clocks = new Prng(`${seed}/clocks`);
    return new SimulatedCluster({
      world: this.#world,
      seed,
      nodes,
      config,
      segmentBytes,
      latency: delayOf(latency),
      diskLatencyMs:
        drawDisk === undefined
          ? undefined
          : ({ operation }, prng) => (operation === 'writeAt' || operation === 'sync' ? drawDisk(prng) : 0),
      clock: (name) => {
        const own = clocks.fork(name);
        return {
          offsetMs: own.integer(0, 1_000_000),
          driftPpm: driftPpmMax === 0 ? 0 : own.integer(-driftPpmMax, driftPpmMax + 1),
          wallClockOffsetMs: own.integer(-5_000, 5_000),
        };
      },
      application: this.#options.subject.application,
      observer: this.#judge,
      story: this.#story,
      onCrash: (error, { node }) =>
        this.#judge.violated({
          invariant: 'crash',
          message: error.stack ?? error.message,
          ...(node === undefined ? {} : { node }),
        }),
    });
  }

  /** Something in the run threw where nobody caught it, such as a rejection that nobody handled. */
  fail(error: unknown): void {
    this.#judge.caught(error);
  }

  /** Runs it all; resolves in every case. Once. */
  async run(): Promise<SimulationResult> {
    try {
      await this.#start();
      await this.#torment();
      if (this.#plan.mode === 'liveness') await this.#showLiveness();
      await this.#rest();
      await this.#finish();
    } catch (error) {
      this.#judge.caught(error);
    }
    return this.#result();
  }

  async #start(): Promise<void> {
    this.#cluster.background('start', this.#cluster.start());
    await this.#driver.until(() => this.#unrest(), START);
    await this.#driver.settle('clients', this.#workload.start(), START);
  }

  async #torment(): Promise<void> {
    this.#story.note('faults begin');
    this.#faults.begin();
    await this.#driver.advance(this.#plan.faultsMs);
    await this.#driver.settle('the end of all faults', this.#faults.end(), OUTCOME);
    this.#story.note('faults are over');
    await this.#driver.settle('outcomes of all operations', this.#workload.stop(), OUTCOME);
  }

  /** Everything outside a core breaks for good; the core must come to rest, serve, and be left in peace. */
  async #showLiveness(): Promise<void> {
    const { observed } = this.#judge;
    const prng = new Prng(`${this.#plan.seed}/core`);
    const core = drawCore(observed, this.#cluster.names, prng);
    if (core === undefined) return this.#story.note('no part of the cluster can do without the rest');
    this.#heal();
    this.#story.note(`core: ${core.inside.join(' ')}`);
    const takesWrites = breakOutside(this.#cluster, core, prng);
    const wait: Wait = { ...CORE, excuse: () => insufficiency(observed, core.inside) };
    try {
      if (takesWrites) await this.#write(core.inside, wait);
      await this.#serve(core.inside, wait);
      await this.#quiet(core.inside, wait);
    } catch (error) {
      if (!(error instanceof Excused)) throw error;
      this.#story.note(`the core could not do without the rest: ${error.message}`);
    }
  }

  /** Every group is written to, whoever leads it. */
  async #write(names: readonly string[], wait: Wait): Promise<void> {
    const machines = names.map((name) => this.#cluster.node(name));
    await this.#driver.settle('a command of group 0', takesMetadata(this.#cluster, machines), wait);
    await this.#driver.settle('a write of every group', this.#workload.probe(), wait);
  }

  /** Machines come to rest, answer reads that no write precedes, take writes, and come to rest again. */
  async #serve(names: readonly string[], wait: Wait): Promise<void> {
    const machines = names.map((name) => this.#cluster.node(name));
    await this.#driver.until(() => unrest(this.#cluster, machines), wait);
    await this.#driver.settle('a read of every replica', serves(this.#cluster, machines), wait);
    await this.#driver.settle('a write and a read of every group', this.#workload.probe(), wait);
    // Where a part of the cluster stays broken, requests to it may wait.
    const whole = [...this.#cluster.nodes.values()].every(({ name, isUp }) => !isUp || names.includes(name));
    const restless = (): string | undefined =>
      unrest(this.#cluster, machines) ?? (whole ? unanswered(machines) : undefined);
    await this.#driver.until(restless, wait);
    this.#poll();
    this.#judge.checkSettled(names);
    await this.#driver.settle('digests of all states', digestStates(machines, this.#judge), wait);
  }

  /** Whatever is broken outside, a core that serves goes on under the leaders that it has. */
  async #quiet(names: readonly string[], wait: Wait): Promise<void> {
    const { preVote, checkQuorum, electionTimeoutMs } = this.#plan.config;
    if (preVote === false || checkQuorum === false) return;
    const before = this.#terms(names);
    await this.#driver.advance(QUIET_ELECTIONS * (electionTimeoutMs ?? ELECTION_MS));
    const after = this.#terms(names);
    const restless = (): string | undefined => {
      for (const [group, term] of after) {
        const rise = term - (before.get(group) ?? term);
        if (rise > QUIET_TERMS_MAX)
          return `group ${group} went through ${rise} terms in ${QUIET_ELECTIONS} election timeouts`;
      }
      return undefined;
    };
    await this.#driver.until(restless, { ...wait, withinMs: 0 });
  }

  #terms(names: readonly string[]): Map<number, number> {
    const terms = new Map<number, number>();
    for (const name of names) {
      for (const { group, term } of this.#cluster.node(name).running?.groupStatuses() ?? []) {
        terms.set(group, Math.max(term, terms.get(group) ?? 0));
      }
    }
    return terms;
  }

  /** All is healed and everybody is up: the cluster comes to rest, and serves. */
  async #rest(): Promise<void> {
    this.#heal();
    await this.#driver.until(() => this.#unrest(), REST);
    await this.#serve(this.#cluster.names, REST);
  }

  #heal(): void {
    mendAll(this.#cluster, delayOf(this.#plan.latency));
  }

  async #finish(): Promise<void> {
    await this.#driver.settle('checks of what clients saw', (async () => this.#workload.check())(), OUTCOME);
    await this.#driver.settle('the end of all clients', this.#workload.close(), OUTCOME);
    const stops = [...this.#cluster.nodes.values()].map((node) => node.stop());
    await this.#driver.settle('an orderly stop of all nodes', Promise.all(stops), OUTCOME);
    this.#driver.check();
  }

  #unrest(): string | undefined {
    const [lost] = this.#cluster.operator.lost;
    if (lost !== undefined) return `${lost} is still being replaced`;
    return (
      unrest(this.#cluster, [...this.#cluster.nodes.values()]) ??
      misplacement(this.#cluster, this.#plan.config.replicationFactor ?? REPLICATION_FACTOR)
    );
  }

  #poll(): void {
    for (const { name, life, running } of this.#cluster.nodes.values()) {
      if (running !== undefined) this.#judge.observe({ kind: 'polled', node: name, life, figures: figuresOf(running) });
    }
  }

  #result(): SimulationResult {
    for (const node of this.#cluster.nodes.values()) node.kill();
    return {
      plan: this.#plan,
      violation: this.#judge.violation,
      hash: this.#judge.hash.digest(),
      observations: this.#judge.hash.count,
      virtualMs: this.#world.now(),
      operations: this.#workload.operations,
      undecided: this.#workload.undecided,
      counts: this.#cluster.counts,
      story: this.#story.lines,
    };
  }
}
