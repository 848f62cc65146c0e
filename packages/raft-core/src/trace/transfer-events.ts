import type { Role } from '../raw-node/ready.js';
import type { Traced, TraceKind } from './trace-kind.js';

/** `… [term …] starts to transfer leadership to …`. INFO. */
export interface TransferStarted extends Traced<typeof TraceKind.TransferStarted> {
  readonly term: number;
  readonly transferee: number;
}

/**
 * `learner`: `… is learner. Ignored transferring leadership`, DEBUG (the number is this node's). `same`: `… [term …]
 * transfer leadership to … is in progress, ignores request to same node …`, INFO. `self`: `… is already leader. Ignored
 * transferring leadership to self`, DEBUG.
 */
export interface TransferIgnored extends Traced<typeof TraceKind.TransferIgnored> {
  readonly reason: 'learner' | 'same' | 'self';
  readonly term: number;
  readonly transferee: number;
}

/** `… [term …] abort previous transferring leadership to …`. INFO. */
export interface TransferAborted extends Traced<typeof TraceKind.TransferAborted> {
  readonly term: number;
  readonly transferee: number;
}

/** `immediately`: `… sends MsgTimeoutNow to … immediately as … already has up-to-date log`; else `… sent MsgTimeoutNow to … after received MsgAppResp`. INFO. */
export interface TimeoutNowSent extends Traced<typeof TraceKind.TimeoutNowSent> {
  readonly to: number;
  readonly immediately: boolean;
}

/** `… [term …] received MsgTimeoutNow from … and starts an election to get leadership.`. INFO. */
export interface TimeoutNowReceived extends Traced<typeof TraceKind.TimeoutNowReceived> {
  readonly from: number;
  readonly term: number;
}

/** `… [term … state …] ignored MsgTimeoutNow from …`. DEBUG. */
export interface TimeoutNowIgnored extends Traced<typeof TraceKind.TimeoutNowIgnored> {
  readonly from: number;
  readonly term: number;
  readonly role: Role;
}

/** `… no leader at term …; dropping leader transfer msg`. INFO. */
export interface TransferDropped extends Traced<typeof TraceKind.TransferDropped> {
  readonly term: number;
}

/** A leadership transfer is over without success: it timed out, or its target left the voters. */
export interface TransferEnded extends Traced<typeof TraceKind.TransferEnded> {
  readonly transferee: number;
  readonly reason: 'timeout' | 'removed';
}

/** What happens to a transfer of leadership. */
export type TransferEvent =
  | TransferStarted
  | TransferIgnored
  | TransferAborted
  | TimeoutNowSent
  | TimeoutNowReceived
  | TimeoutNowIgnored
  | TransferDropped
  | TransferEnded;
