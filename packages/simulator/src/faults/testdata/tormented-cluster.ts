import type { ClusterNodeConfig } from '@flotilla/cluster';
import { type FlotillaError, toFlotillaError } from '@flotilla/errors';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import { Story } from '../../story/story.js';
import { SimulatedCluster } from '../../world/simulated-cluster.js';
import type { SimulatedNode } from '../../world/simulated-node.js';
import type { FaultAction } from '../fault-action.js';
import { faultOf } from '../faults.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { tally } from './tally.js';

const PUT_EVERY_MS = 100;

/** A cluster of real nodes, to which tests do one fault. */
export class TormentedCluster {
  readonly world: VirtualWorld;
  readonly cluster: SimulatedCluster;
  readonly crashes: Error[] = [];
  /** Puts that were acknowledged, and what the others ended with. */
  puts = 0;
  readonly refusals: FlotillaError[] = [];
  #actions = 0;
  #writing = false;

  constructor(nodes: number, config: Partial<ClusterNodeConfig> = {}) {
    this.world = new VirtualWorld({ seed: 'faults' });
    this.cluster = new SimulatedCluster({
      world: this.world,
      seed: 'faults',
      nodes,
      config: { numGroups: 1, ...config },
      segmentBytes: 8_192,
      latency: 1,
      diskLatencyMs: ({ operation }) => (operation === 'writeAt' || operation === 'sync' ? 1 : 0),
      clock: () => ({}),
      application: tally,
      observer: { observe: () => undefined },
      story: new Story({ now: () => this.world.now(), kept: true }),
      onCrash: (error) => this.crashes.push(error),
    });
  }

  /** A cluster that serves, and to which somebody writes all the time. */
  static async started(nodes: number, config: Partial<ClusterNodeConfig> = {}): Promise<TormentedCluster> {
    const tormented = new TormentedCluster(nodes, config);
    const { world, cluster } = tormented;
    await world.settle(cluster.start());
    await tormented.until(() => tormented.isWhole());
    tormented.write();
    await tormented.run(1_000);
    return tormented;
  }

  /** What faults of the network do from now on, as `effect from>to`, each once. */
  networkEffects(): Set<string> {
    const seen = new Set<string>();
    faultsInForce(this.cluster);
    const { network } = this.cluster;
    const tell = network.onInjected;
    network.onInjected = (effect, from, to) => {
      seen.add(`${effect} ${from}>${to}`);
      tell?.(effect, from, to);
    };
    return seen;
  }

  /** Virtual ms that a put takes at whoever leads the data group, on average over some that succeeded, refusals in between included. */
  async putMs(count = 5): Promise<number> {
    const began = this.world.now();
    for (let done = 0; done < count;) {
      const leader = this.cluster.leader(1)?.running;
      const put = leader?.proposeToGroup(1, new Uint8Array(10)).then(
        () => 1,
        () => 0,
      );
      if (put === undefined) await this.run(10);
      else done += await this.world.settle(put, { deadlineMs: 60_000 });
    }
    return (this.world.now() - began) / count;
  }

  node(name: string): SimulatedNode {
    return this.cluster.node(name);
  }

  run(ms: number): Promise<void> {
    return this.world.advance(ms);
  }

  until(condition: () => boolean, deadlineMs = 120_000): Promise<void> {
    return this.world.runUntil(condition, { deadlineMs });
  }

  /** How often a kind of fault was counted. */
  count(kind: string): number {
    return this.cluster.counts.get(kind) ?? 0;
  }

  /** An action that nobody drew. */
  action(kind: string, parts: Partial<FaultAction> = {}): FaultAction {
    return {
      number: this.#actions++,
      atMs: 0,
      kind,
      target: { kind: 'cluster' },
      durationMs: 1_000,
      amount: 0,
      choice: 0.5,
      ...parts,
    };
  }

  inject(action: FaultAction): void {
    void faultOf(action.kind).inject(this.cluster, action);
  }

  heal(action: FaultAction): void {
    void faultOf(action.kind).heal?.(this.cluster, action);
  }

  /** All machines run, one of them leads each group, and all have voters everywhere. */
  isWhole(): boolean {
    const { cluster } = this;
    const nodes = [...cluster.nodes.values()];
    return nodes.every(({ running, isPaused, disk }) => {
      if (running?.lifecycle.phase !== 'ready' || isPaused || disk.files.isDead) return false;
      return cluster.groups.every((group) => {
        const status = running.groupStatuses().find((each) => each.group === group);
        if (status === undefined) return nodes.length > 3;
        return status.leader !== undefined && (nodes.length > 3 || status.members.length === nodes.length);
      });
    });
  }

  /** Puts go through again: as many as it takes to be sure. */
  async serves(): Promise<void> {
    const before = this.puts;
    await this.until(() => this.puts >= before + 5);
  }

  /** Writes at the leader of the data group, one put after the other, until the test ends. */
  write(): void {
    if (this.#writing) return;
    this.#writing = true;
    const put = (): void => {
      this.cluster.director.setTimer(PUT_EVERY_MS, put);
      const leader = this.cluster.leader(1);
      const node = leader?.isPaused === true ? undefined : leader?.running;
      if (node === undefined) return;
      node.proposeToGroup(1, new Uint8Array(700)).then(
        () => this.puts++,
        (error: unknown) => this.refusals.push(toFlotillaError(error)),
      );
    };
    put();
  }
}
