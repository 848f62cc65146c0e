import type { NodeInfo } from '@flotilla/routing';
import type { WaitOptions } from '../multi-raft/multi-raft.js';

/** A node of the cluster with the replicas that it holds. */
export interface Member {
  readonly node: NodeInfo;
  /** Groups in which it votes, ascending. */
  readonly voterOf: readonly number[];
  /** Groups that it follows as learner, ascending. */
  readonly learnerOf: readonly number[];
  /** Groups that it leads, as far as is known, ascending. */
  readonly leaderOf: readonly number[];
}

/** What a node that is about to join needs. */
export interface AddedMember {
  /** To be given to the node as its `nodeId`. */
  readonly nodeId: number;
  readonly clusterId: string;
  /** Addresses of nodes that it can join through. */
  readonly seeds: readonly string[];
}

/** Keys to be put on a node's record and to be taken off it: SHA-256 of the SubjectPublicKeyInfo, 64 lower-case hexadecimal digits each. */
export interface PinChange {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

/**
 * Changes of the cluster's nodes. Every call goes to group 0's leader, wherever that is, and rejects with NotReady or NotLeader where
 * there is none, with a typed refusal that names the numbers, or with an unknown outcome.
 */
export interface Members {
  /** Nodes as this node knows them; works without a leader. */
  list(): readonly Member[];
  /** Reserves an id for a node to come. Rejects with NodeIdCollision where the id was ever used. */
  add(request?: { readonly nodeId?: number }, options?: WaitOptions): Promise<AddedMember>;
  /**
   * Moves a node's replicas to others and takes it out of the cluster; resolves when it is out. Leadership leaves first.
   * Rejects with UnsafeMembershipChange where a group would be left with too few voters, QuorumLost where too few of them are alive.
   */
  remove(node: number, options?: WaitOptions): Promise<void>;
  /**
   * Puts one node in the place of another: it learns, catches up, and one joint change a group puts it in and the old one out, group 0 last.
   * Resolves when the old node is out.
   */
  replace(oldNode: number, newNode: number, options?: WaitOptions): Promise<void>;
  /**
   * Changes the keys that a node may show. Those that are added are believed from then on; connections that show a removed one are
   * broken. At most 8 stay. Rejects with InvalidArgument for what is no key, an unknown node, and where none would be left.
   */
  pin(node: number, change: PinChange, options?: WaitOptions): Promise<void>;
}
