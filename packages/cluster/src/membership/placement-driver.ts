import { isFlotillaError } from '@flotilla/errors';
import { nodesInState } from '@flotilla/routing';
import type { Runtime, Timer } from '@flotilla/runtime';
import type { MetadataState } from '../metadata/metadata-state.js';
import type { MembershipCommand, OpenReplica } from './membership-requests.js';
import { isEmptied, type PlacementStep, placementSteps } from './placement-step.js';

/** What the driver needs of its node. */
export interface PlacementDriverOptions {
  readonly runtime: Runtime;
  readonly state: () => MetadataState;
  /** This node leads group 0 and may act. */
  readonly acting: () => boolean;
  /** The leader of a group, as far as it is known. */
  readonly leaderOf: (group: number) => number | undefined;
  /** What a redirect said. */
  readonly learnLeader: (group: number, leader: number | undefined) => void;
  /** Whether a node can be asked now. What it is needed for waits until it is, and `kick` says so. */
  readonly isHere: (node: number) => boolean;
  readonly openReplica: (node: number, replica: OpenReplica) => Promise<unknown>;
  readonly changeMembership: (leader: number, command: MembershipCommand) => Promise<unknown>;
  /** Commits that a drained node is out. */
  readonly decommission: (node: number) => Promise<unknown>;
}

/** Wait before what failed is tried again, unless something changes sooner (ms). */
const RETRY_MS = 300;

/**
 * Brings groups to where they are to live, while this node leads group 0: each step goes to the group's own leader, one at a time a group,
 * all groups beside each other; what one group waits for holds up no other. Steps may be done twice: they are commands to be somewhere,
 * not to move. A new leader of group 0 goes on from what the log says.
 */
export class PlacementDriver {
  readonly #options: PlacementDriverOptions;
  readonly #busy = new Set<number>();
  /** Replicas that were opened at this node's word, as `group/incarnation/node`: once is enough. */
  readonly #opened = new Set<string>();
  /** Groups that were kicked while busy. */
  readonly #again = new Set<number>();
  #retry: Timer | undefined;
  #scheduled = false;
  #stopped = false;

  constructor(options: PlacementDriverOptions) {
    this.#options = options;
  }

  /** Something changed: what is known of the cluster, who leads, who is connected. */
  kick(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.#options.runtime.nextTurn(() => {
      this.#scheduled = false;
      this.#look();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
  }

  #look(): void {
    if (this.#stopped || !this.#options.acting()) return;
    const state = this.#options.state();
    for (const group of state.targets.keys()) this.#lookAt(group);
    for (const node of nodesInState(state.topology, 'draining')) {
      if (isEmptied(state, node.id)) void this.#try(() => this.#options.decommission(node.id));
    }
  }

  #lookAt(group: number): void {
    if (this.#busy.has(group)) this.#again.add(group);
    else if (this.#steps(group).length > 0) void this.#work(group);
  }

  async #work(group: number): Promise<void> {
    this.#busy.add(group);
    for (const step of this.#steps(group)) {
      if (!this.#stopped && this.#options.acting()) await this.#try(() => this.#step(step));
    }
    this.#busy.delete(group);
    // At this group alone: two groups that kicked each other would do the same steps over and over, until group 0 has heard of them.
    if (this.#again.delete(group) && !this.#stopped && this.#options.acting()) this.#lookAt(group);
  }

  #steps(group: number): readonly PlacementStep[] {
    const state = this.#options.state();
    const incarnation = state.routing.groups.get(group)?.incarnation ?? 0;
    return placementSteps(state, group).filter((step) => {
      if (step.kind === 'remove' || (step.kind === 'add-learner' && !step.open)) return true;
      const isDone = step.kind === 'open' && this.#opened.has(replicaKey(group, incarnation, step.node));
      return !isDone && this.#options.isHere(step.node);
    });
  }

  /** Does a step; failure of any kind is tried again later, from what is then known. */
  async #try(step: () => Promise<unknown>): Promise<void> {
    try {
      await step();
    } catch {
      this.#retryLater();
    }
  }

  async #step(step: PlacementStep): Promise<void> {
    const { group, node } = step;
    const state = this.#options.state();
    const actual = state.routing.groups.get(group);
    const leader = this.#options.leaderOf(group);
    if (actual === undefined || leader === undefined) {
      this.#retryLater();
      return;
    }
    const { incarnation, voters, learners } = actual;
    if (step.kind === 'open' || (step.kind === 'add-learner' && step.open)) {
      await this.#options.openReplica(node, { group, incarnation, voters, learners, metadataIndex: state.index });
      this.#opened.add(replicaKey(group, incarnation, node));
    }
    if (step.kind === 'open') return;
    const change = step.kind === 'add-learner' ? 'add-learner' : 'remove';
    try {
      await this.#options.changeMembership(leader, { group, incarnation, change, node });
    } catch (error) {
      if (isFlotillaError(error, 'NotLeader')) this.#options.learnLeader(group, error.details.leader);
      throw error;
    }
  }

  #retryLater(): void {
    if (this.#stopped) return;
    this.#retry ??= this.#options.runtime.setTimer(RETRY_MS, () => {
      this.#retry = undefined;
      this.kick();
    });
  }
}

function replicaKey(group: number, incarnation: number, node: number): string {
  return `${group}/${incarnation}/${node}`;
}
