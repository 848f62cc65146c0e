import { type ErrorCode, isFlotillaError } from '@flotilla/errors';
import { NotFound } from './not-found.js';

/** Exit codes of the flotilla command; docs/operating.md has the same table. */
export const ExitCode = {
  ok: 0,
  /** Anything that has no code of its own. */
  failure: 1,
  /** A flag, an argument or a setting was wrong; nothing was done. */
  usage: 2,
  /** What was asked for does not exist: a key, a group, a node. */
  notFound: 3,
  /** Nothing could answer: no node reachable, no leader, no quorum, overloaded. It was not applied. */
  unavailable: 4,
  /** It may or may not have been applied. */
  outcomeUnknown: 5,
  /** The cluster refused: it would lose data or quorum, or is busy with another change. */
  refused: 6,
  /** The data folder or its contents: locked by another process, corrupt, full, failed. */
  storage: 7,
  /** Interrupted by a signal. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const BY_CODE: Partial<Record<ErrorCode, ExitCode>> = {
  InvalidConfig: ExitCode.usage,
  InvalidArgument: ExitCode.usage,
  LimitExceeded: ExitCode.usage,
  GroupNotFound: ExitCode.notFound,
  VShardNotMapped: ExitCode.notFound,
  NotLeader: ExitCode.unavailable,
  NotReady: ExitCode.unavailable,
  QuorumLost: ExitCode.unavailable,
  Overloaded: ExitCode.unavailable,
  Unreachable: ExitCode.unavailable,
  AddressInUse: ExitCode.unavailable,
  ProposalDropped: ExitCode.unavailable,
  JoinExhausted: ExitCode.unavailable,
  JoinNoSeeds: ExitCode.usage,
  Compacted: ExitCode.usage,
  FutureRevision: ExitCode.usage,
  TxnSpansVShards: ExitCode.usage,
  CursorInvalid: ExitCode.usage,
  UnsafeMembershipChange: ExitCode.refused,
  StaleEpoch: ExitCode.refused,
  ConfChangeInProgress: ExitCode.refused,
  ConfChangeInvalid: ExitCode.refused,
  JoinRejected: ExitCode.refused,
  Unauthorized: ExitCode.refused,
  WrongCluster: ExitCode.refused,
  UnknownIncarnation: ExitCode.refused,
  NodeIdCollision: ExitCode.refused,
  IncompatibleVersion: ExitCode.refused,
  StorageLocked: ExitCode.storage,
  StorageFailed: ExitCode.storage,
  StorageCorrupt: ExitCode.storage,
  StorageFull: ExitCode.storage,
};

/** The exit code that says best what `error` was. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof NotFound) return ExitCode.notFound;
  if (!isFlotillaError(error)) return ExitCode.failure;
  const code = BY_CODE[error.code];
  if (code !== undefined) return code;
  return error.outcome === 'unknown' ? ExitCode.outcomeUnknown : ExitCode.failure;
}
