import { FlotillaError, type Outcome, toFlotillaError } from '@flotilla/errors';
import { GROUP_WIDE_VSHARD } from '@flotilla/kv/protocol';

/** What was being done ended before its outcome was known here; `cause` says why the attempts before failed. */
export function timedOut(
  operation: string,
  ms: number,
  outcome: Outcome,
  cause?: FlotillaError,
): FlotillaError<'Timeout'> {
  const last = cause === undefined ? '' : `; the last attempt: ${cause.message}`;
  return new FlotillaError('Timeout', {
    message: `${operation} did not finish within ${ms} ms${last}${outcomeText(outcome)}`,
    details: { operation, ms },
    outcome,
    cause,
  });
}

/** The caller's signal fired. */
export function aborted(operation: string, reason: unknown, outcome: Outcome): FlotillaError<'Aborted'> {
  return new FlotillaError('Aborted', {
    message: `${operation} was given up by its caller${outcomeText(outcome)}`,
    details: {},
    outcome,
    cause: reason,
  });
}

/** The client was closed. */
export function clientClosed(operation: string, outcome: Outcome): FlotillaError<'Shutdown'> {
  return new FlotillaError('Shutdown', {
    message: `${operation}: the client is closed${outcomeText(outcome)}`,
    details: {},
    outcome,
  });
}

/** A bound of the client is reached. */
export function clientOverloaded(resource: string, limit: number): FlotillaError<'Overloaded'> {
  return new FlotillaError('Overloaded', {
    message: `${resource}: the bound of ${limit} is reached; nothing was sent, wait for answers first`,
    details: { resource, limit },
  });
}

/** A node answered with what is no answer to the question. */
export function unexpectedResponse(
  from: string,
  cause: unknown,
  outcome: Outcome,
): FlotillaError<'UnexpectedResponse'> {
  return new FlotillaError('UnexpectedResponse', {
    message: `${from} answered with what cannot be read: ${toFlotillaError(cause).message}`,
    details: { from },
    outcome,
    cause,
  });
}

/** No map that was heard of says who serves it. */
export function notMapped(vshard: number): FlotillaError<'VShardNotMapped'> {
  const what = vshard === GROUP_WIDE_VSHARD ? 'the group' : `vShard ${vshard}`;
  return new FlotillaError('VShardNotMapped', {
    message: `no group is known that serves ${what}`,
    details: { vshard },
  });
}

/** No node that holds the group can be reached. */
export function noReplica(group: number): FlotillaError<'NotReady'> {
  return new FlotillaError('NotReady', {
    message: `no replica of group ${group} can be reached`,
    details: { reason: 'no replica can be reached' },
  });
}

/** A node let an attempt's time pass. */
export function noAnswer(address: string): FlotillaError<'ConnectionClosed'> {
  return new FlotillaError('ConnectionClosed', {
    message: `${address} does not answer`,
    details: { address },
  });
}

/** The same error with another outcome. */
export function withOutcome(error: FlotillaError, outcome: Outcome): FlotillaError {
  if (error.outcome === outcome) return error;
  const prefix = `${error.code}: `;
  const message = error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message;
  return new FlotillaError(error.code, {
    message: `${message}${outcomeText(outcome)}`,
    details: error.details,
    outcome,
    cause: error,
  });
}

function outcomeText(outcome: Outcome): string {
  return outcome === 'unknown' ? '; an attempt that was sent may still be applied' : '';
}
