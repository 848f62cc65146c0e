import type { ErrorCode, FlotillaError } from '@flotilla/errors';
import type { RequestKind } from './pending-request.js';

/**
 * What is done about an attempt that failed.
 *
 * - `refused`: the request itself cannot be served; nobody else would answer otherwise.
 * - `redirected`: another node, or another group, is to be asked.
 * - `busy`: the same node may serve it a little later.
 * - `broken`: the node cannot be relied on now.
 */
export type FailureKind = 'refused' | 'redirected' | 'busy' | 'broken';

/** Every code that an attempt can end with and that is not a refusal of the request itself. */
const KINDS: { readonly [C in ErrorCode]?: FailureKind } = {
  NotLeader: 'redirected',
  WrongOwner: 'redirected',
  VShardNotMapped: 'redirected',
  GroupNotFound: 'redirected',
  GroupStopped: 'broken',
  ProposalDropped: 'busy',
  ProposalOutcomeUnknown: 'redirected',
  QuorumLost: 'broken',
  Overloaded: 'busy',
  NotReady: 'broken',
  StorageFailed: 'broken',
  StorageFull: 'broken',
  StorageCorrupt: 'broken',
  Unreachable: 'broken',
  ConnectionClosed: 'broken',
  Timeout: 'broken',
  Aborted: 'broken',
  Shutdown: 'broken',
  Internal: 'broken',
  UnexpectedResponse: 'broken',
  WrongCluster: 'broken',
  IncompatibleVersion: 'broken',
  Unauthorized: 'broken',
};

/** The kind of a failed attempt. A code that is not known here is a refusal. */
export function failureKind(error: FlotillaError): FailureKind {
  return KINDS[error.code] ?? 'refused';
}

/**
 * Whether a request may be sent again after an attempt whose outcome is unknown: reads and registrations have no effect that
 * counts twice, and a session applies a command once.
 */
export function mayRepeat(kind: RequestKind, inSession: boolean): boolean {
  return kind !== 'write' || inSession;
}
