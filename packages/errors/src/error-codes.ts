import type { ErrorCode, ErrorDetails, Outcome } from './flotilla-error.js';

/** How one detail of an error travels: its type, and whether it may be absent. */
export type DetailKind = 'number' | 'string' | 'number?' | 'string?';

type KindOf<T> = T extends number ? 'number' : T extends string ? 'string' : never;

/** The details of one code as kinds; the compiler holds it against {@link ErrorDetails}. */
export type DetailKinds<C extends ErrorCode> =
  ErrorDetails[C] extends Record<string, never>
    ? Readonly<Record<string, never>>
    : {
        readonly [K in keyof ErrorDetails[C]]-?: undefined extends ErrorDetails[C][K]
          ? `${KindOf<NonNullable<ErrorDetails[C][K]>>}?`
          : KindOf<ErrorDetails[C][K]>;
      };

/** What is known of a code: its one-line meaning, the outcome it implies, and its details. */
export interface ErrorCodeInfo<C extends ErrorCode = ErrorCode> {
  /** One line for docs and listings. */
  readonly meaning: string;
  /** The outcome of an error of this code where none is given. */
  readonly outcome: Outcome;
  readonly details: DetailKinds<C>;
}

/**
 * Every code there is, in the order of docs/errors.md. A code is added in `ErrorDetails`, here, and in docs/errors.md;
 * the compiler and a test say so when one is missing. Codes are never renamed or reused: they are on the wire.
 */
export const ERROR_CODES: { readonly [C in ErrorCode]: ErrorCodeInfo<C> } = {
  NotLeader: {
    meaning: 'This node does not lead the group; the leader is named where it is known.',
    outcome: 'definite',
    details: { group: 'number', leader: 'number?', address: 'string?' },
  },
  WrongOwner: {
    meaning: 'The vShard belongs to another group than the one that was asked.',
    outcome: 'definite',
    details: { vshard: 'number', hint: 'number?' },
  },
  VShardNotMapped: {
    meaning: 'The routing table maps the vShard to no group.',
    outcome: 'definite',
    details: { vshard: 'number' },
  },
  GroupNotFound: {
    meaning: 'This node holds no replica of the group.',
    outcome: 'definite',
    details: { group: 'number' },
  },
  GroupStopped: {
    meaning: 'The group was stopped on this node, by a failure or by removal.',
    outcome: 'unknown',
    details: { group: 'number', reason: 'string' },
  },
  ProposalDropped: {
    meaning: 'The proposal did not enter the log, or lost its place there to another.',
    outcome: 'definite',
    details: { group: 'number', reason: 'string' },
  },
  ProposalOutcomeUnknown: {
    meaning: 'Leadership was lost while the proposal waited; it may or may not be applied.',
    outcome: 'unknown',
    details: { group: 'number', index: 'number?' },
  },
  ConfChangeInProgress: {
    meaning: 'Another configuration change of the group is not applied yet.',
    outcome: 'definite',
    details: { group: 'number' },
  },
  ConfChangeInvalid: {
    meaning: 'The configuration change does not fit the present configuration of the group.',
    outcome: 'definite',
    details: { group: 'number', reason: 'string' },
  },
  UnsafeMembershipChange: {
    meaning: 'The change would leave a group without its quorum or below its replication factor.',
    outcome: 'definite',
    details: { node: 'number', group: 'number', voters: 'number', required: 'number' },
  },
  QuorumLost: {
    meaning: 'Too few voters of the group can be reached to decide anything.',
    outcome: 'unknown',
    details: { group: 'number', reachable: 'number', voters: 'number' },
  },
  Overloaded: {
    meaning: 'A bounded queue is full; nothing was taken in.',
    outcome: 'definite',
    details: { resource: 'string', limit: 'number' },
  },
  SessionExpired: {
    meaning: 'The client session is not known any more, so that exactly-once cannot be promised.',
    outcome: 'unknown',
    details: { session: 'string' },
  },
  StorageFailed: {
    meaning: 'The disk refused an operation; the node stops rather than go on without it.',
    outcome: 'unknown',
    details: { operation: 'string', path: 'string?' },
  },
  StorageCorrupt: {
    meaning: 'Stored bytes are not what was written.',
    outcome: 'definite',
    details: { path: 'string', offset: 'number', reason: 'string' },
  },
  StorageLocked: {
    meaning: 'Another process owns the data folder.',
    outcome: 'definite',
    details: { path: 'string' },
  },
  StorageFull: {
    meaning: 'The disk has no room left.',
    outcome: 'definite',
    details: { path: 'string?' },
  },
  IncompatibleVersion: {
    meaning: 'The two sides, or this build and a file, have no version in common.',
    outcome: 'definite',
    details: { ours: 'string', theirs: 'string' },
  },
  WrongCluster: {
    meaning: 'The other side belongs to another cluster.',
    outcome: 'definite',
    details: { ours: 'string', theirs: 'string' },
  },
  UnknownIncarnation: {
    meaning: 'The node id is known, but with another disk than this one.',
    outcome: 'definite',
    details: { node: 'number' },
  },
  NodeIdCollision: {
    meaning: 'The node id belongs to another node, or did once.',
    outcome: 'definite',
    details: { node: 'number' },
  },
  Unauthorized: {
    meaning: 'The other side could not prove that it may do this.',
    outcome: 'definite',
    details: { reason: 'string' },
  },
  StaleEpoch: {
    meaning: 'A command came from a leader of group 0 that has been replaced since.',
    outcome: 'definite',
    details: { current: 'number', received: 'number' },
  },
  JoinNoSeeds: {
    meaning: 'The node has nobody to join.',
    outcome: 'definite',
    details: {},
  },
  JoinExhausted: {
    meaning: 'All attempts to join are spent; the cause is the last of them.',
    outcome: 'definite',
    details: { attempts: 'number' },
  },
  JoinRejected: {
    meaning: 'The cluster refused the node.',
    outcome: 'definite',
    details: { by: 'string', reason: 'string' },
  },
  UnexpectedResponse: {
    meaning: 'The other side answered with something that is no answer to the question.',
    outcome: 'unknown',
    details: { from: 'string' },
  },
  NotReady: {
    meaning: 'The node is still starting, or knows no leader of group 0; try again.',
    outcome: 'definite',
    details: { reason: 'string' },
  },
  InvalidConfig: {
    meaning: 'A configuration value cannot be used.',
    outcome: 'definite',
    details: { key: 'string', reason: 'string', nearest: 'string?' },
  },
  InvalidArgument: {
    meaning: 'An argument cannot be used.',
    outcome: 'definite',
    details: { argument: 'string', reason: 'string' },
  },
  LimitExceeded: {
    meaning: 'Something is larger than its limit.',
    outcome: 'definite',
    details: { limit: 'string', maximum: 'number', actual: 'number' },
  },
  MalformedFrame: {
    meaning: 'Received bytes are not what the protocol allows.',
    outcome: 'definite',
    details: { reason: 'string' },
  },
  Unreachable: {
    meaning: 'Nobody answers at the address.',
    outcome: 'definite',
    details: { address: 'string' },
  },
  ConnectionClosed: {
    meaning: 'The connection ended before the answer came.',
    outcome: 'unknown',
    details: { address: 'string' },
  },
  AddressInUse: {
    meaning: 'Another process listens on the address.',
    outcome: 'definite',
    details: { address: 'string' },
  },
  Timeout: {
    meaning: 'The answer did not come in time.',
    outcome: 'unknown',
    details: { operation: 'string', ms: 'number' },
  },
  Aborted: {
    meaning: 'The caller gave up.',
    outcome: 'unknown',
    details: {},
  },
  Shutdown: {
    meaning: 'The node or client was stopped.',
    outcome: 'unknown',
    details: {},
  },
  Compacted: {
    meaning: 'The revision was compacted away.',
    outcome: 'definite',
    details: { revision: 'number', compactRevision: 'number' },
  },
  FutureRevision: {
    meaning: 'The revision does not exist yet.',
    outcome: 'definite',
    details: { revision: 'number', currentRevision: 'number' },
  },
  TxnSpansVShards: {
    meaning: 'The transaction touches keys of two vShards.',
    outcome: 'definite',
    details: { first: 'number', second: 'number' },
  },
  CursorInvalid: {
    meaning: 'The cursor was not made by this client library, or not for this range.',
    outcome: 'definite',
    details: { reason: 'string' },
  },
  Internal: {
    meaning: 'A bug, or an answer of a newer version that this one cannot name.',
    outcome: 'unknown',
    details: { reason: 'string' },
  },
};

/** Whether `text` is a code of this version. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}
