import { FlotillaError } from '@flotilla/errors';

/** The loop was stopped. */
export function loopStopped(): FlotillaError<'Shutdown'> {
  return new FlotillaError('Shutdown', { message: 'the node stops', details: {} });
}

/** The loop was not started, or is still recovering. */
export function loopNotStarted(): FlotillaError<'NotReady'> {
  return new FlotillaError('NotReady', {
    message: 'the loop of these groups does not run yet: start it first',
    details: { reason: 'loop not started' },
  });
}

/** A loop is started once. */
export function loopStartedTwice(state: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', {
    message: 'a loop is started once',
    details: { argument: 'start', reason: state },
  });
}

/** A turn threw: a bug of the loop itself, for groups contain theirs. */
export function turnThrew(cause: unknown): FlotillaError<'Internal'> {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FlotillaError('Internal', {
    message: `a turn of the loop threw: ${reason}; this node has left its groups`,
    details: { reason },
    cause,
  });
}
