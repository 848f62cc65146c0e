import type { FlotillaError } from '@flotilla/errors';
import type { AddedMemberReport, MemberReport, StoreReport } from '@flotilla/kv/protocol';
import type { CallOptions } from '../data/requests.js';
import type { GroupSummary, NodeReport } from './node-report.js';

/** What one known node said of itself, or why it did not. */
export type NodeAnswer =
  | { readonly reachable: true; readonly endpoint: string; readonly report: NodeReport }
  | {
      readonly reachable: false;
      readonly endpoint: string;
      /** 0: only the endpoint is known. */
      readonly id: number;
      readonly error: FlotillaError;
    };

/** The cluster's nodes. Changes go to the leader of group 0 by themselves. */
export interface MembersAdmin {
  /** Nodes with their replicas, as the node that answers knows them; works without a leader. */
  list(options?: CallOptions): Promise<readonly MemberReport[]>;
  /** Reserves an id for a node to come. */
  add(request?: { readonly nodeId?: number }, options?: CallOptions): Promise<AddedMemberReport>;
  /** Moves a node's replicas to others and takes it out; resolves when it is out. */
  remove(node: number, options?: CallOptions): Promise<void>;
  /** Puts one node in the place of another; resolves when the old one is out. */
  replace(oldNode: number, newNode: number, options?: CallOptions): Promise<void>;
  /**
   * Puts keys on a node's record and takes others off it (SHA-256 of the SubjectPublicKeyInfo, 64 lower-case hexadecimal digits each);
   * connections that show a key off the record are broken. The last key of a node stays.
   */
  pin(
    node: number,
    change: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
    options?: CallOptions,
  ): Promise<void>;
}

/** What operators ask for. Of `timeoutMs`: changes of members wait 10 minutes unless it is given. */
export interface AdminClient {
  readonly members: MembersAdmin;
  /** What the node at one endpoint says of itself; needs no leader and no other node. */
  nodeStatus(endpoint: string, options?: CallOptions): Promise<NodeReport>;
  /** The same of all nodes that are known: endpoints and topology. A node that does not answer is in the list with its error. */
  statuses(options?: CallOptions): Promise<readonly NodeAnswer[]>;
  /** All groups, from what all reachable nodes say; works without a leader. */
  groups(options?: CallOptions): Promise<readonly GroupSummary[]>;
  /** Hands a group's leadership to one of its voters; resolves when it leads. */
  transfer(group: number, to: number, options?: CallOptions): Promise<void>;
  /** Sizes and revisions of the stores of the node at one endpoint. */
  stores(endpoint: string, options?: CallOptions): Promise<readonly StoreReport[]>;
}
