import { type LedGroup, METADATA_GROUP, nodesInState, planLeaderTransfers } from '@flotilla/routing';
import type { Runtime, Timer } from '@flotilla/runtime';
import type { MetadataState } from '../metadata/metadata-state.js';
import { dataGroups } from './placement-step.js';

/** Pace of the balancer (ms). */
export interface BalancerTiming {
  /** Between two looks, and after a transfer. */
  readonly intervalMs: number;
  /** Nobody's leadership is moved so soon after any group changed its leader: a failover is not fought. */
  readonly quietMs: number;
  /** A group whose transfer failed is left alone for so long. */
  readonly penaltyMs: number;
}

/** What balancing needs of its node. */
export interface LeaderBalancerOptions {
  readonly runtime: Runtime;
  readonly nodeId: number;
  readonly timing: BalancerTiming;
  readonly state: () => MetadataState;
  /** This node leads group 0 and may act. */
  readonly acting: () => boolean;
  /** The leader of a group, as far as it is known. */
  readonly leaderOf: (group: number) => number | undefined;
  readonly isAlive: (node: number) => boolean;
  readonly transfer: (leader: number, group: number, to: number) => Promise<unknown>;
}

/** Transfers under way at one time. */
const TRANSFERS_MAX = 2;
/** A new leader is heard of everywhere within so long after a transfer (ms). */
const SETTLING_MS = 50;

/**
 * Spreads leadership of data groups evenly within one over the nodes that may lead, and off nodes that are being drained, by a few
 * transfers at a time, while this node leads group 0. It waits until every group has a leader and none changed it a moment ago.
 */
export class LeaderBalancer {
  readonly #options: LeaderBalancerOptions;
  readonly #underWay = new Set<number>();
  readonly #penalised = new Map<number, number>();
  #changedAtMs = 0;
  #timer: Timer | undefined;

  constructor(options: LeaderBalancerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#changedAtMs = this.#options.runtime.now();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** A node came or went, or the cluster changed in some other way. */
  changed(): void {
    this.#changedAtMs = this.#options.runtime.now();
  }

  /** A group got another leader. What this balancer brought about itself is no unrest. */
  leaderChanged(group: number): void {
    if (!this.#underWay.has(group)) this.changed();
  }

  #arm(): void {
    this.#timer = this.#options.runtime.setTimer(this.#options.timing.intervalMs, () => {
      this.#arm();
      this.#look();
    });
  }

  #look(): void {
    const { runtime, timing, acting } = this.#options;
    if (this.#timer === undefined || !acting() || runtime.now() - this.#changedAtMs < timing.quietMs) return;
    this.#drainOwnMetadata();
    const groups = this.#groups();
    if (groups.some((group) => group.leader === 0)) return;
    const eligible = this.#eligible();
    const movable = groups.filter(({ group }) => (this.#penalised.get(group) ?? 0) <= runtime.now());
    const planned = planLeaderTransfers(movable, { eligible, transfersMax: TRANSFERS_MAX - this.#underWay.size });
    for (const { group, from, to } of planned) if (!this.#underWay.has(group)) void this.#move(group, from, to);
  }

  #groups(): LedGroup[] {
    const state = this.#options.state();
    return dataGroups(state).map((group) => ({
      group,
      leader: this.#options.leaderOf(group) ?? 0,
      voters: state.routing.groups.get(group)?.voters ?? [],
    }));
  }

  #eligible(): Set<number> {
    const { nodeId, isAlive, state } = this.#options;
    const active = nodesInState(state().topology, 'active').map((node) => node.id);
    return new Set(active.filter((node) => node === nodeId || isAlive(node)));
  }

  /** A drained node that leads group 0 itself gives that up too, last of all. */
  #drainOwnMetadata(): void {
    const { nodeId, state } = this.#options;
    const metadata = state().routing.groups.get(METADATA_GROUP);
    if (state().topology.nodes.get(nodeId)?.state !== 'draining' || metadata === undefined) return;
    const eligible = this.#eligible();
    const to = metadata.voters.find((voter) => eligible.has(voter));
    if (to !== undefined && !this.#underWay.has(METADATA_GROUP)) void this.#move(METADATA_GROUP, nodeId, to);
  }

  async #move(group: number, from: number, to: number): Promise<void> {
    this.#underWay.add(group);
    try {
      await this.#options.transfer(from, group, to);
    } catch {
      this.#penalised.set(group, this.#options.runtime.now() + this.#options.timing.penaltyMs);
    }
    this.#options.runtime.setTimer(SETTLING_MS, () => {
      this.#underWay.delete(group);
      this.#look();
    });
  }
}
