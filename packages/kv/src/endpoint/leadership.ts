import type { LeaderChange } from '@flotilla/cluster';
import type { FlotillaError } from '@flotilla/errors';
import type { EndpointNode } from './endpoint-node.js';
import { groupNotFound, notLeader } from './refusals.js';

/** Who leads each group that this node holds, kept as it changes, so that asking costs nothing. */
export class Leadership {
  readonly #node: EndpointNode;
  /** Leader of each group held; 0: unknown. */
  readonly #leaders = new Map<number, number>();

  constructor(node: EndpointNode) {
    this.#node = node;
    for (const { group, leader } of node.groupStatuses()) this.#leaders.set(group, leader ?? 0);
  }

  opened(group: number): void {
    if (!this.#leaders.has(group)) this.#leaders.set(group, 0);
  }

  changed(change: LeaderChange): void {
    this.#leaders.set(change.group, change.leader);
  }

  removed(group: number): void {
    this.#leaders.delete(group);
  }

  /** Whether a leader of the group is known. */
  known(group: number): boolean {
    return (this.#leaders.get(group) ?? 0) !== 0;
  }

  /** Whether this node leads the group. */
  leads(group: number): boolean {
    const leader = this.#leaders.get(group);
    return leader !== undefined && leader !== 0 && leader === this.#node.nodeId;
  }

  /** Groups that this node leads, ascending. */
  led(): number[] {
    return [...this.#leaders.keys()].filter((group) => this.leads(group)).sort((a, b) => a - b);
  }

  /** Why a request for the leader is not for this node. */
  refusal(group: number): FlotillaError {
    if (!this.#leaders.has(group)) return groupNotFound(group);
    return notLeader(group, this.#node.leaderHint(group));
  }
}
