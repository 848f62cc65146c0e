import { ERROR_CODES } from './error-codes.js';

/** `definite`: the command was not, and will never be, applied. `unknown`: nobody can say. */
export type Outcome = 'definite' | 'unknown';

/** Every error code with its typed details. The union is closed: a code is added here, in `ERROR_CODES` and in docs/errors.md. */
export interface ErrorDetails {
  NotLeader: { readonly group: number; readonly leader?: number; readonly address?: string };
  WrongOwner: { readonly vshard: number; readonly hint?: number };
  VShardNotMapped: { readonly vshard: number };
  GroupNotFound: { readonly group: number };
  GroupStopped: { readonly group: number; readonly reason: string };
  ProposalDropped: { readonly group: number; readonly reason: string };
  ProposalOutcomeUnknown: { readonly group: number; readonly index?: number };
  ConfChangeInProgress: { readonly group: number };
  ConfChangeInvalid: { readonly group: number; readonly reason: string };
  UnsafeMembershipChange: {
    readonly node: number;
    readonly group: number;
    readonly voters: number;
    readonly required: number;
  };
  QuorumLost: { readonly group: number; readonly reachable: number; readonly voters: number };
  Overloaded: { readonly resource: string; readonly limit: number };
  SessionExpired: { readonly session: string };
  StorageFailed: { readonly operation: string; readonly path?: string };
  StorageCorrupt: { readonly path: string; readonly offset: number; readonly reason: string };
  StorageLocked: { readonly path: string };
  StorageFull: { readonly path?: string };
  IncompatibleVersion: { readonly ours: string; readonly theirs: string };
  WrongCluster: { readonly ours: string; readonly theirs: string };
  UnknownIncarnation: { readonly node: number };
  NodeIdCollision: { readonly node: number };
  Unauthorized: { readonly reason: string };
  StaleEpoch: { readonly current: number; readonly received: number };
  JoinNoSeeds: Record<string, never>;
  JoinExhausted: { readonly attempts: number };
  JoinRejected: { readonly by: string; readonly reason: string };
  UnexpectedResponse: { readonly from: string };
  NotReady: { readonly reason: string };
  InvalidConfig: { readonly key: string; readonly reason: string; readonly nearest?: string };
  InvalidArgument: { readonly argument: string; readonly reason: string };
  LimitExceeded: { readonly limit: string; readonly maximum: number; readonly actual: number };
  MalformedFrame: { readonly reason: string };
  Unreachable: { readonly address: string };
  ConnectionClosed: { readonly address: string };
  AddressInUse: { readonly address: string };
  Timeout: { readonly operation: string; readonly ms: number };
  Aborted: Record<string, never>;
  Shutdown: Record<string, never>;
  Compacted: { readonly revision: number; readonly compactRevision: number };
  FutureRevision: { readonly revision: number; readonly currentRevision: number };
  TxnSpansVShards: { readonly first: number; readonly second: number };
  CursorInvalid: { readonly reason: string };
  Internal: { readonly reason: string };
}

/** The closed union of error codes. */
export type ErrorCode = keyof ErrorDetails;

/** What a FlotillaError is made of. */
export interface FlotillaErrorOptions<C extends ErrorCode> {
  /** What happened, where, why, and what to do. */
  readonly message: string;
  readonly details: ErrorDetails[C];
  /** Defaults to what the code implies (`ERROR_CODES`). Say `definite` only where the command can never be applied. */
  readonly outcome?: Outcome;
  readonly cause?: unknown;
}

/** The one error class of Flotilla. Compare `code`, which survives duplicate copies of this package. */
export class FlotillaError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'FlotillaError';
  readonly code: C;
  readonly details: ErrorDetails[C];
  /** What the error says of the command that it ends. */
  readonly outcome: Outcome;

  constructor(code: C, options: FlotillaErrorOptions<C>) {
    super(`${code}: ${options.message}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.outcome = options.outcome ?? ERROR_CODES[code].outcome;
  }
}

/** Whether `error` is a FlotillaError, and of this code when one is given. */
export function isFlotillaError<C extends ErrorCode = ErrorCode>(error: unknown, code?: C): error is FlotillaError<C> {
  return (
    error instanceof Error &&
    error.name === 'FlotillaError' &&
    'code' in error &&
    (code === undefined || error.code === code)
  );
}
