import type { ConfState, EntryType, Message, TraceEvent } from '@flotilla/raft-core';
import type { LeaderChange } from './group-status.js';

/** One membership change that was applied. */
export interface AppliedConfChange {
  readonly group: number;
  readonly index: number;
  readonly type: EntryType;
  /** Ids that the change names, in its order. */
  readonly targets: readonly number[];
  /** Opaque bytes that the proposer put into the change. */
  readonly context: Uint8Array;
  readonly before: ConfState;
  readonly after: ConfState;
}

/**
 * Takes what happens in the cores of a node, as it happens. Called in the middle of a step: it must not call a node back, and a throw would
 * stop the group.
 */
export type GroupTraceSink = (group: number, event: TraceEvent) => void;

/**
 * What later chapters want to know of groups. Calls come from inside a turn of the loop, in log order within a group; they
 * must not throw and must not call back into a group other than by proposing.
 */
export interface GroupObserver {
  /** Leader, term or role changed. */
  leaderChanged?(change: LeaderChange): void;
  /** A membership change took effect (configuration takes effect when applied). */
  confChangeApplied?(change: AppliedConfChange): void;
  /** All up to `index` is visible on this node: after each applied batch, and after a snapshot was installed. */
  appliedTo?(group: number, index: number): void;
  /** A throw of the state machine or a violated invariant stopped this group; the others go on. */
  groupStopped?(group: number, error: Error): void;
  /** The group was opened, and will take messages. */
  groupAdded?(group: number): void;
  /** The group was dropped from this node. */
  groupRemoved?(group: number): void;
  /**
   * A message of the core, but for a snapshot, goes into the batch that this turn sends to its addressee: what it promises is durable.
   * Not asked of observers that lack it, so that it costs nothing where nobody listens.
   */
  messageLeaves?(group: number, message: Message): void;
  /** A snapshot that this node sent to `peer` was taken there, or the transfer failed. */
  snapshotSent?(group: number, peer: number, error: Error | undefined): void;
}
