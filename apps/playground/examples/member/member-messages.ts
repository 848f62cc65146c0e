import type { GroupStatus, LifecycleState } from '@flotilla/cluster';
import type { Dialling } from './page-transports.js';
import type { PortLike } from '@flotilla/transport-message-port';

/** Where the page finds the node in its worker. */
export const MEMBER_ADDRESS = 'port://member';

/** What the page tells its worker, once. */
export interface MemberOrder extends Dialling {
  /** Name of the node, and of its database. */
  readonly name: string;
  /** Addresses of servers of the cluster. */
  readonly servers: readonly string[];
  /** Data groups that the node keeps a copy of. */
  readonly groups: readonly number[];
  readonly port: PortLike;
}

/** What the node looks like. */
export interface MemberView {
  readonly nodeId: number;
  readonly lifecycle: LifecycleState;
  readonly groups: readonly GroupStatus[];
  /** Servers and other members, and whether this node has a connection with them. */
  readonly peers: readonly { readonly id: number; readonly name: string; readonly connected: boolean }[];
}

/** What the worker tells the page. */
export type MemberReport =
  | { readonly kind: 'view'; readonly view: MemberView }
  /** The node could not start. */
  | { readonly kind: 'failed'; readonly error: string };
