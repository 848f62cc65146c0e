import type { JoinEvent } from '../bootstrap/join-event.js';
import type { LifecyclePhase } from '../lifecycle/lifecycle-state.js';
import type { PeerEvent } from '../liveness/peer-event.js';
import type { MembershipEvent } from '../membership/membership-event.js';
import type { EpochEvent } from '../metadata/epoch-event.js';

/** What happens to the groups of this node. */
export type GroupEvent =
  | { readonly name: 'group.added'; readonly group: number }
  | { readonly name: 'group.removed'; readonly group: number }
  /** A group stopped by itself: its state machine threw, or an invariant was violated. */
  | { readonly name: 'group.stopped'; readonly group: number; readonly error: string }
  | { readonly name: 'leader.changed'; readonly group: number; readonly leader: number; readonly term: number }
  | {
      readonly name: 'conf_change.applied';
      readonly group: number;
      readonly type: 'simple' | 'joint' | 'leave-joint';
      /** Ids that the change names. */
      readonly target: readonly number[];
      /** Voters after it, ascending. */
      readonly peers: readonly number[];
    }
  | { readonly name: 'snapshot.sent'; readonly group: number; readonly peer: number }
  | { readonly name: 'snapshot.failed'; readonly group: number; readonly peer: number; readonly error: string };

/** What happens to the node as a whole. */
export type NodeEvent =
  | { readonly name: 'lifecycle.changed'; readonly phase: LifecyclePhase; readonly detail: string }
  | { readonly name: 'catalog.save_failed'; readonly error: string }
  /** The disk has no room for the log of a worker: nothing is acknowledged, and leadership moves away, until `storage.room`. */
  | { readonly name: 'storage.full'; readonly worker: number; readonly error: string }
  | { readonly name: 'storage.room'; readonly worker: number };

/**
 * What a node tells while it works, as data: a name and its fields. A text for people is the listener's business.
 * Names and fields are stable; fields are only ever added.
 */
export type ClusterEvent = GroupEvent | NodeEvent | PeerEvent | MembershipEvent | EpochEvent | JoinEvent;

/** Names of all events. */
export type ClusterEventName = ClusterEvent['name'];

/** Takes events. Called in the turn in which they happen; must not throw and must not block. */
export type ClusterEventListener = (event: ClusterEvent) => void;
