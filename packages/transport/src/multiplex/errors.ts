import { MalformedBytes } from '@flotilla/bytes';
import { FlotillaError, isFlotillaError, type Outcome } from '@flotilla/errors';
import type { CloseReason } from '../transport.js';

/** @returns the error for whoever waited on a connection that ended. */
export function connectionClosed(
  address: string,
  reason: CloseReason,
  outcome: Outcome,
): FlotillaError<'ConnectionClosed'> {
  const how = { local: 'was closed on this side', remote: 'was closed by the other side', broken: 'broke' }[reason.by];
  return new FlotillaError('ConnectionClosed', {
    message: `the connection with ${address} ${how}${reason.error === undefined ? '' : `: ${reason.error.message}`}`,
    details: { address },
    outcome,
    cause: reason.error,
  });
}

/** @returns the error for an AbortSignal that fired. */
export function aborted(operation: string, cause: unknown, outcome: Outcome): FlotillaError<'Aborted'> {
  return new FlotillaError('Aborted', { message: `${operation} was aborted`, details: {}, outcome, cause });
}

/** The reason of an abort that is the transport's own, with the error that it stands for. */
export class OwnAbort {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

/** @returns the error for a signal that fired: Aborted, or what the transport itself aborted with. */
export function abortError(operation: string, signal: AbortSignal): Error {
  if (signal.reason instanceof OwnAbort) return signal.reason.error;
  return aborted(operation, signal.reason, 'definite');
}

/** @returns the error for whatever is asked of a transport that was closed. */
export function shutdown(what: string): FlotillaError<'Shutdown'> {
  return new FlotillaError('Shutdown', {
    message: `${what}: the transport was closed`,
    details: {},
    outcome: 'definite',
  });
}

/** @returns the error for bytes that the other side should not have sent. */
export function malformedFrame(address: string, reason: string, cause?: unknown): FlotillaError<'MalformedFrame'> {
  return new FlotillaError('MalformedFrame', {
    message: `${address} sent what is not of the format: ${reason}`,
    details: { reason },
    cause,
  });
}

/** @returns what reading a message threw, as one of the typed errors. */
export function malformedBy(address: string, error: unknown): Error {
  if (error instanceof MalformedBytes) return malformedFrame(address, error.message, error);
  if (isFlotillaError(error)) return error;
  return asError(error);
}

/** @returns the error for something above a limit. */
export function limitExceeded(
  limit: string,
  maximum: number,
  actual: number,
  outcome: Outcome = 'definite',
): FlotillaError<'LimitExceeded'> {
  return new FlotillaError('LimitExceeded', {
    message: `${actual} bytes where ${limit} allows ${maximum}`,
    details: { limit, maximum, actual },
    outcome,
  });
}

/** @returns the error for a queue that is full. */
export function overloaded(resource: string, limit: number): FlotillaError<'Overloaded'> {
  return new FlotillaError('Overloaded', {
    message: `${resource}: at most ${limit}`,
    details: { resource, limit },
  });
}

/** @returns `thrown` if it is an Error, else one that says what was thrown. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
