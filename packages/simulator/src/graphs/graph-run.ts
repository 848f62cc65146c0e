import { Prng, VirtualWorld } from '@flotilla/runtime/virtual';
import { INVARIANTS } from '../invariants/invariants.js';
import { unrest } from '../liveness/rest.js';
import { RunDriver, type Wait } from '../run/run-driver.js';
import { RunJudge } from '../run/run-judge.js';
import { Story, type StoryLine } from '../story/story.js';
import type { Violation } from '../violation.js';
import { kvSubject } from '../workload/kv-subject.js';
import type { Workload } from '../workload/workload.js';
import { SimulatedCluster } from '../world/simulated-cluster.js';
import { dutyOf, type GraphDuty, type LinkGraph } from './link-graph.js';

/** One graph, and who leads when it comes into force; undefined: nobody, since all had lost each other before. */
export interface GraphCase {
  readonly graph: LinkGraph;
  readonly leader: string | undefined;
  readonly seed: number;
  /** Pre-vote and check-quorum (default true): without them no graph obliges to anything but safety. */
  readonly careful?: boolean;
  /** For how long the leaders are watched, in virtual ms (default 120,000). */
  readonly watchedMs?: number;
  /** Whether the story is kept (default false). */
  readonly story?: boolean;
}

/** What came of one. */
export interface GraphOutcome {
  readonly graph: LinkGraph;
  readonly leader: string | undefined;
  readonly duty: GraphDuty;
  /** From when on, after the links were cut, every group had one leader, the same all the time, in virtual ms; undefined: not in time. */
  readonly settledMs: number | undefined;
  /** How often after that any group's leader changed or was not there, while it was watched. */
  readonly changes: number;
  /** Virtual ms for which it was watched. */
  readonly watchedMs: number;
  /** Whether clients could write and read, at the beginning and at the end of that. */
  readonly served: boolean;
  /** The first rule that did not hold. */
  readonly violation: Violation | undefined;
  readonly story: readonly StoryLine[];
}

const TICK_MS = 50;
const ELECTION_MS = 500;
/** A leader must be there for good within so many election timeouts. */
const SETTLED_ELECTIONS = 10;
/** Watched for so long after that; there must be fewer changes than minutes. */
const WATCHED_MS = 120_000;
const MINUTE_MS = 60_000;
const LATENCY_MS = 2;

const START: Wait = { withinMs: 120_000, otherwise: 'stuck' };
const SERVED: Wait = { withinMs: 20_000, otherwise: 'liveness' };
const REST: Wait = { withinMs: 120_000, otherwise: 'stuck' };

/** One cluster whose links are cut, for good, in one way. */
export class GraphRun {
  readonly #case: GraphCase;
  readonly #careful: boolean;
  readonly #watchedMs: number;
  readonly #duty: GraphDuty;
  readonly #world: VirtualWorld;
  readonly #story: Story;
  readonly #judge: RunJudge;
  readonly #driver: RunDriver;
  readonly #cluster: SimulatedCluster;
  readonly #workload: Workload;
  #settledMs: number | undefined;
  #changes = 0;
  #served = false;
  #areClientsStopped = false;

  constructor(given: GraphCase) {
    const { graph, seed, careful = true } = given;
    this.#case = given;
    this.#careful = careful;
    this.#watchedMs = given.watchedMs ?? WATCHED_MS;
    this.#duty = dutyOf(graph);
    this.#world = new VirtualWorld({ seed });
    const now = (): number => this.#world.now();
    this.#story = new Story({ now, kept: given.story ?? false });
    this.#judge = new RunJudge({
      now,
      story: this.#story,
      invariants: INVARIANTS(),
      listener: (observation) => this.#workload.observe?.(observation),
    });
    this.#driver = new RunDriver(this.#world, this.#judge, () => undefined);
    this.#cluster = new SimulatedCluster({
      world: this.#world,
      seed,
      nodes: graph.nodes.length,
      config: {
        numGroups: 1,
        replicationFactor: graph.nodes.length,
        tickMs: TICK_MS,
        heartbeatMs: TICK_MS,
        electionTimeoutMs: ELECTION_MS,
        preVote: careful,
        checkQuorum: careful,
      },
      segmentBytes: 65_536,
      latency: LATENCY_MS,
      diskLatencyMs: undefined,
      clock: () => ({}),
      application: kvSubject.application,
      observer: this.#judge,
      story: this.#story,
      onCrash: (error) => this.#judge.violated({ invariant: 'crash', message: error.stack ?? error.message }),
    });
    this.#workload = kvSubject.workload({
      cluster: this.#cluster,
      plan: { clients: 2, pauseMs: 200, keys: 2, valueBytes: 16 },
      prng: new Prng(`${seed}/workload`),
    });
  }

  /** Runs it all; resolves in every case. Once. */
  async run(): Promise<GraphOutcome> {
    try {
      await this.#start();
      await this.#settle();
      await this.#watch();
      await this.#heal();
    } catch (error) {
      this.#judge.caught(error);
    }
    const { graph, leader } = this.#case;
    for (const node of this.#cluster.nodes.values()) node.kill();
    return {
      graph,
      leader,
      duty: this.#duty,
      settledMs: this.#settledMs,
      changes: this.#changes,
      watchedMs: this.#watchedMs,
      served: this.#served,
      violation: this.#judge.violation,
      story: this.#story.lines,
    };
  }

  /** A cluster at rest, under the leader that is wanted. Clients write all the time, unless the logs must be level when the links are cut. */
  async #start(): Promise<void> {
    const cluster = this.#cluster;
    cluster.background('start', cluster.start());
    await this.#driver.until(() => this.#unrest(), START);
    await this.#driver.settle('clients', this.#workload.start(), START);
    if (this.#duty === 'serve-if-level') await this.#stopClients();
    if (this.#case.leader === undefined) await this.#loseAll();
    else await this.#establish(this.#case.leader);
    this.#story.note(`cut: ${this.#case.graph.name}`);
    for (const [from, to] of this.#case.graph.cut) cluster.network.cut(from, to);
  }

  /** One machine leads all groups. */
  async #establish(name: string): Promise<void> {
    const cluster = this.#cluster;
    const id = cluster.node(name).nodeId ?? 0;
    for (const group of cluster.groups) {
      if (cluster.leaderOf(group) === name) continue;
      await this.#driver.settle(`transfer of group ${group}`, cluster.admin.transfer(group, id), START);
    }
    const isBusy = this.#duty !== 'serve-if-level';
    await this.#driver.until(() => (isBusy ? undefined : this.#unrest()) ?? this.#notLedBy(name), START);
  }

  #notLedBy(name: string): string | undefined {
    const group = this.#cluster.groups.find((each) => this.#cluster.leaderOf(each) !== name);
    return group === undefined ? undefined : `group ${group} is not led by ${name}`;
  }

  /** All lose each other until nobody leads, and meet again at the moment in which the links are cut. */
  async #loseAll(): Promise<void> {
    const { network, names } = this.#cluster;
    for (const name of names) network.isolate(name);
    await this.#driver.advance(3 * ELECTION_MS);
    if (this.#careful) await this.#driver.until(() => this.#leaders()[0], START);
    for (const name of names) network.rejoin(name);
  }

  /** For ten election timeouts; then there must be one leader, or none. */
  async #settle(): Promise<void> {
    const beganMs = this.#world.now();
    const endMs = beganMs + SETTLED_ELECTIONS * ELECTION_MS;
    let before = this.#oneLeaderEach();
    let sinceMs = beganMs;
    while (this.#world.now() < endMs) {
      await this.#driver.advance(TICK_MS);
      const now = this.#oneLeaderEach();
      if (now === before) continue;
      before = now;
      sinceMs = this.#world.now();
    }
    if (before !== undefined) this.#settledMs = sinceMs - beganMs;
    this.#judgeLeaders();
  }

  #judgeLeaders(): void {
    if (!this.#careful) return;
    const leaders = this.#leaders();
    if (this.#duty === 'refuse') {
      if (leaders.length > 0) this.#fails(`${leaders.join(', ')} without a majority that hears and is heard`);
    } else if (this.#settledMs === undefined) {
      this.#fails(`not one leader in every group after ${SETTLED_ELECTIONS} election timeouts: ${leaders.join(', ')}`);
    }
  }

  /** Some minutes, with a write and a read of every group at both ends where there is a leader. */
  async #watch(): Promise<void> {
    if (this.#duty !== 'refuse') await this.#serve();
    const endMs = this.#world.now() + this.#watchedMs;
    let before = this.#oneLeaderEach();
    while (this.#world.now() < endMs) {
      await this.#driver.advance(2 * TICK_MS);
      const now = this.#oneLeaderEach();
      if (now === before) continue;
      before = now;
      this.#changes++;
      this.#story.note(`leaders: ${this.#leaders().join(', ')}`);
    }
    if (!this.#careful) return;
    const minutes = this.#watchedMs / MINUTE_MS;
    if (this.#changes >= Math.max(1, minutes)) this.#fails(`${this.#changes} changes of leaders in ${minutes} minutes`);
    this.#judgeLeaders();
    if (this.#duty !== 'refuse') await this.#serve();
    this.#served = this.#duty !== 'refuse';
  }

  async #serve(): Promise<void> {
    if (!this.#careful) return;
    await this.#stopClients();
    await this.#driver.settle('a write and a read of every group', this.#workload.probe(), SERVED);
  }

  async #stopClients(): Promise<void> {
    if (this.#areClientsStopped) return;
    this.#areClientsStopped = true;
    await this.#driver.settle('outcomes of all operations', this.#workload.stop(), REST);
  }

  /** All links work again: all come to rest, and serve. */
  async #heal(): Promise<void> {
    this.#story.note('all links work again');
    this.#cluster.network.restore();
    await this.#stopClients();
    await this.#driver.until(() => this.#unrest(), REST);
    await this.#driver.settle('a write and a read of every group', this.#workload.probe(), REST);
    this.#judge.checkSettled(this.#cluster.names);
    await this.#driver.settle('checks of what clients saw', (async () => this.#workload.check())(), REST);
    await this.#driver.settle('the end of all clients', this.#workload.close(), REST);
    this.#judge.check();
  }

  #unrest(): string | undefined {
    return unrest(this.#cluster, [...this.#cluster.nodes.values()]);
  }

  /** Who leads which group, by their own word. */
  #leaders(): string[] {
    return [...this.#cluster.nodes.values()].flatMap(({ name, running }) =>
      (running?.groupStatuses() ?? []).flatMap(({ group, role, term }) =>
        role === 'leader' ? [`${name} leads group ${group} in term ${term}`] : [],
      ),
    );
  }

  /** The leaders, where every group has exactly one. */
  #oneLeaderEach(): string | undefined {
    const leaders = this.#leaders();
    const { groups } = this.#cluster;
    const isOne = groups.every((group) => leaders.filter((leader) => leader.includes(` group ${group} `)).length === 1);
    return isOne && leaders.length === groups.length ? leaders.join(', ') : undefined;
  }

  #fails(message: string): void {
    this.#judge.violated({ invariant: 'liveness', message });
    this.#judge.endIfViolated();
  }
}
