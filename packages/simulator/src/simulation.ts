import { isFlotillaError } from '@flotilla/errors';
import { Prng, VirtualDeadline, VirtualWorld } from '@flotilla/runtime/virtual';
import type { Fault } from './faults/fault.js';
import { type Invariant, InvariantViolation } from './invariants/invariant.js';
import { unrest } from './liveness/rest.js';
import type { Observation } from './observation/observation.js';
import { figuresOf } from './observation/node-figures.js';
import { ObservedCluster } from './observation/observed-cluster.js';
import { TraceHash } from './observation/trace-hash.js';
import { delayOf, drawerOf } from './plan/planned-delay.js';
import type { SimulationPlan } from './plan/simulation-plan.js';
import { FaultSchedule } from './plan/fault-schedule.js';
import { Story, type StoryLine } from './story/story.js';
import { ToldObservations } from './story/told-observations.js';
import type { Violation } from './violation.js';
import type { Subject, Workload } from './workload/workload.js';
import { SimulatedCluster } from './world/simulated-cluster.js';

/** What one run needs beside its plan. */
export interface SimulationOptions {
  readonly subject: Subject;
  /** All kinds of fault that the plan may name. */
  readonly faults: readonly Fault[];
  /** Made anew for each run. */
  readonly invariants: () => readonly Invariant[];
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
  /** How often each kind of fault took effect. */
  readonly counts: ReadonlyMap<string, number>;
  readonly story: readonly StoryLine[];
}

/** The cluster is looked at this often, and full checks are made (virtual ms). */
const LOOK_MS = 500;
/** A cluster without faults comes to rest within so long after its start (virtual ms). */
const START_MS = 120_000;
/** After all was healed: joins and replacements that were waiting have backed off up to 32 s (virtual ms). */
const REST_MS = 300_000;
/** Operations of clients end within so long of the end of faults (virtual ms). */
const OUTCOME_MS = 120_000;

/** Thrown inside a run to end it; the violation is kept by the run. */
class RunEnded extends Error {
  override readonly name = 'RunEnded';
}

/** One run of a plan: a cluster starts, is used and tormented, is healed, and must then be as good as new. */
export class Simulation {
  readonly #plan: SimulationPlan;
  readonly #options: SimulationOptions;
  readonly #world: VirtualWorld;
  readonly #hash: TraceHash;
  readonly #story: Story;
  readonly #told: ToldObservations;
  readonly #observed = new ObservedCluster();
  readonly #invariants: readonly Invariant[];
  readonly #cluster: SimulatedCluster;
  readonly #workload: Workload;
  readonly #faults: FaultSchedule;
  #violation: Violation | undefined;

  constructor(plan: SimulationPlan, options: SimulationOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#world = new VirtualWorld({ seed: plan.seed });
    this.#hash = new TraceHash(() => this.#world.now());
    this.#story = new Story({ now: () => this.#world.now(), kept: options.story ?? false });
    this.#told = new ToldObservations(this.#story);
    this.#invariants = options.invariants();
    this.#cluster = this.#newCluster();
    this.#workload = options.subject.workload({
      cluster: this.#cluster,
      plan: plan.workload,
      prng: new Prng(`${plan.seed}/workload`),
    });
    this.#faults = new FaultSchedule(this.#cluster, options.faults, plan.actions);
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
      observer: { observe: (observation) => this.#observe(observation) },
      story: this.#story,
      onCrash: (error, { node }) =>
        this.#violated({ invariant: 'crash', message: textOf(error), ...(node === undefined ? {} : { node }) }),
    });
  }

  /** Never throws into a node: the run ends instead, as soon as the node has done what it was doing. */
  #observe(observation: Observation): void {
    if (this.#violation !== undefined) return;
    try {
      this.#hash.observe(observation);
      if (this.#story.isKept) this.#told.observe(observation);
      this.#observed.observe(observation);
      for (const invariant of this.#invariants) invariant.observe?.(observation, this.#observed);
    } catch (error) {
      this.#caught(error);
    }
  }

  #caught(error: unknown): void {
    if (error instanceof RunEnded) return;
    if (error instanceof InvariantViolation)
      return this.#violated({ invariant: error.invariant, message: error.message });
    if (error instanceof VirtualDeadline) return this.#violated({ invariant: 'stuck', message: error.message });
    this.#violated({ invariant: 'crash', message: textOf(error) });
  }

  #violated(violation: Omit<Violation, 'atMs'>): void {
    if (this.#violation !== undefined) return;
    this.#violation = { ...violation, atMs: this.#world.now() };
    this.#story.note(`VIOLATION ${violation.invariant}: ${violation.message}`, violation);
  }

  /** Something in the run threw where nobody caught it, such as a rejection that nobody handled. */
  fail(error: unknown): void {
    this.#caught(error);
  }

  /** Runs it all; resolves in every case. Once. */
  async run(): Promise<SimulationResult> {
    try {
      await this.#start();
      await this.#torment();
      await this.#rest();
      await this.#finish();
    } catch (error) {
      this.#caught(error);
    }
    return this.#result();
  }

  async #start(): Promise<void> {
    this.#cluster.background('start', this.#cluster.start());
    await this.#untilRest(START_MS);
    this.#cluster.background('clients', this.#workload.start());
  }

  async #torment(): Promise<void> {
    this.#story.note('faults begin');
    this.#faults.begin();
    await this.#advance(this.#plan.faultsMs);
    await this.#settle(this.#faults.end(), OUTCOME_MS, 'the end of all faults');
    this.#story.note('faults are over');
  }

  /** All is healed and everybody is up: the cluster comes to rest, and serves. */
  async #rest(): Promise<void> {
    this.#heal();
    await this.#settle(this.#workload.stop(), OUTCOME_MS, 'outcomes of all operations');
    await this.#untilRest(REST_MS);
    await this.#settle(this.#workload.probe(), OUTCOME_MS, 'a write and a read of every group');
    await this.#untilRest(REST_MS);
  }

  #heal(): void {
    const { nodes, network } = this.#cluster;
    network.restore();
    for (const node of nodes.values()) {
      node.resume();
      if (!node.isUp) this.#cluster.background(`start of ${node.name}`, node.start());
    }
  }

  async #finish(): Promise<void> {
    this.#checkAll();
    await this.#workload.check();
    await this.#settle(this.#workload.close(), OUTCOME_MS, 'the end of all clients');
    const stops = [...this.#cluster.nodes.values()].map((node) => node.stop());
    await this.#settle(Promise.all(stops), OUTCOME_MS, 'an orderly stop of all nodes');
  }

  async #untilRest(withinMs: number): Promise<void> {
    const endMs = this.#world.now() + withinMs;
    for (;;) {
      const why = this.#unrest();
      if (why === undefined) return;
      if (this.#world.now() >= endMs) {
        this.#violated({ invariant: 'stuck', message: `no rest within ${withinMs} virtual ms: ${why}` });
      }
      await this.#advance(LOOK_MS);
    }
  }

  #unrest(): string | undefined {
    const { lost } = this.#cluster.operator;
    const [name] = lost;
    return (
      unrest(this.#cluster, [...this.#cluster.nodes.values()]) ??
      (name === undefined ? undefined : `${name} is still being replaced`)
    );
  }

  async #advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= LOOK_MS) {
      await this.#world.advance(Math.min(left, LOOK_MS));
      this.#checkAll();
    }
  }

  async #settle(work: Promise<unknown>, withinMs: number, what: string): Promise<void> {
    let over = false;
    const done = work.then(
      () => {
        over = true;
      },
      (error: unknown) => {
        over = true;
        if (!isFlotillaError(error)) return this.#caught(error);
        this.#violated({ invariant: 'stuck', message: `${what}: ${error.code}: ${error.message}` });
      },
    );
    const endMs = this.#world.now() + withinMs;
    while (!over) {
      if (this.#world.now() >= endMs) {
        this.#violated({ invariant: 'stuck', message: `${what} did not come within ${withinMs} virtual ms` });
      }
      await this.#advance(LOOK_MS);
    }
    await done;
    this.#endIfViolated();
  }

  #checkAll(): void {
    this.#endIfViolated();
    for (const { name, life, running } of this.#cluster.nodes.values()) {
      if (running !== undefined) this.#observe({ kind: 'polled', node: name, life, figures: figuresOf(running) });
    }
    for (const invariant of this.#invariants) invariant.check?.(this.#observed);
  }

  #endIfViolated(): void {
    if (this.#violation !== undefined) throw new RunEnded();
  }

  #result(): SimulationResult {
    for (const node of this.#cluster.nodes.values()) node.kill();
    return {
      plan: this.#plan,
      violation: this.#violation,
      hash: this.#hash.digest(),
      observations: this.#hash.count,
      virtualMs: this.#world.now(),
      operations: this.#workload.operations,
      counts: this.#cluster.counts,
      story: this.#story.lines,
    };
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
