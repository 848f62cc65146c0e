import { type ErrorCode, FlotillaError, isFlotillaError, toFlotillaError } from '@flotilla/errors';
import { canonicalAddress, sortedAddresses } from '@flotilla/routing';
import { delay, type Runtime } from '@flotilla/runtime';
import type { JoinEvent } from './join-event.js';
import type { JoinAnswer } from './join-request.js';
import { joinDelayMs, type JoinSchedule } from './join-schedule.js';

/** What joining needs of its node. */
export interface JoinClientOptions {
  readonly runtime: Runtime;
  readonly schedule: JoinSchedule;
  /** Canonical, without the own address. */
  readonly seeds: readonly string[];
  /** Whether there is a transport for an address: a page has none for all that servers speak among themselves. */
  readonly canDial: (address: string) => boolean;
  /** Asks one address. Rejects with what the other side said, or with why it could not be asked. */
  readonly ask: (address: string, signal: AbortSignal) => Promise<JoinAnswer>;
  /** Has the member at an address pass the request on to group 0's leader. Rejects as `ask` does. */
  readonly askToForward: (address: string, signal: AbortSignal) => Promise<JoinAnswer>;
  /** Called before the wait of each attempt, from 0 on. */
  readonly attempt: (attempt: number) => void;
  readonly onEvent: (event: JoinEvent) => void;
  readonly signal: AbortSignal;
}

/** Redirects that are followed in one attempt. */
export const REDIRECTS_MAX = 3;

/** Refusals that no retry can change. */
const PERMANENT: ReadonlySet<ErrorCode> = new Set([
  'NodeIdCollision',
  'WrongCluster',
  'IncompatibleVersion',
  'Unauthorized',
  'UnknownIncarnation',
  'InvalidArgument',
  'InvalidConfig',
  'JoinRejected',
]);

/** Failures of an address that may be this node's alone: a member may still be linked with who is there. */
const NOT_REACHED: ReadonlySet<ErrorCode> = new Set(['Unreachable', 'Timeout', 'ConnectionClosed']);

/**
 * Asks the seeds to be let in until one does, with growing waits between attempts.
 *
 * @throws JoinNoSeeds at once where there is nobody to ask; UnknownIncarnation, or JoinRejected with its cause, at once where no retry can help;
 * JoinExhausted with the last error when all attempts are spent; Aborted
 */
export async function join(options: JoinClientOptions): Promise<JoinAnswer> {
  const { runtime, schedule, signal, onEvent } = options;
  const seeds = sortedAddresses(options.seeds);
  if (seeds.length === 0) throw noSeeds();
  onEvent({ name: 'join.started', seeds });
  let last: FlotillaError | undefined;
  for (let attempt = 0; attempt <= schedule.maxAttempts; attempt++) {
    options.attempt(attempt);
    const delayMs = joinDelayMs(attempt, schedule);
    if (delayMs > 0) {
      onEvent({ name: 'join.backoff', attempt, delayMs });
      await delay(runtime, delayMs, signal);
    }
    signal.throwIfAborted();
    const outcome = await walk(seeds, options);
    if (!(outcome instanceof FlotillaError)) return outcome;
    last = outcome;
    onEvent({ name: 'join.attempt_failed', attempt, error: outcome.message });
  }
  throw new FlotillaError('JoinExhausted', {
    message: `nobody let this node in, in ${schedule.maxAttempts + 1} attempts at ${seeds.join(', ')}; the last said: ${last?.message ?? ''}`,
    details: { attempts: schedule.maxAttempts + 1 },
    cause: last,
  });
}

/**
 * One attempt: all seeds in order, redirects first, no address twice; then those that named a leader which this node could not reach, to have
 * them forward. Returns the answer, or the last error. @throws what is permanent
 */
async function walk(seeds: readonly string[], options: JoinClientOptions): Promise<JoinAnswer | FlotillaError> {
  const { onEvent, signal } = options;
  const queue = [...seeds];
  const visited = new Set<string>();
  const notReached = new Set<string>();
  const redirected = new Map<string, string | undefined>();
  let redirects = 0;
  let last = new FlotillaError('NotReady', {
    message: 'nobody was asked',
    details: { reason: 'no address' },
  }) as FlotillaError;
  for (let address = queue.shift(); address !== undefined; address = queue.shift()) {
    if (visited.has(address)) continue;
    visited.add(address);
    try {
      return await options.ask(address, signal);
    } catch (cause) {
      signal.throwIfAborted();
      const error = toFlotillaError(cause);
      if (PERMANENT.has(error.code)) throw refusal(address, error);
      if (error.code === 'Unreachable') onEvent({ name: 'join.seed_unreachable', address });
      if (NOT_REACHED.has(error.code)) notReached.add(address);
      last = error;
      const to = redirectOf(error);
      if (error.code === 'NotLeader') redirected.set(address, to);
      if (to === undefined || visited.has(to) || !options.canDial(to)) continue;
      if (redirects === REDIRECTS_MAX) {
        onEvent({ name: 'join.redirect_refused', redirects });
        continue;
      }
      redirects += 1;
      onEvent({ name: 'join.redirect', from: address, to });
      queue.unshift(to);
    }
  }
  for (const [address, to] of redirected) {
    if (to !== undefined && options.canDial(to) && !notReached.has(to)) continue;
    onEvent({ name: 'join.forward_asked', by: address });
    try {
      return await options.askToForward(address, signal);
    } catch (cause) {
      signal.throwIfAborted();
      const error = toFlotillaError(cause);
      if (PERMANENT.has(error.code)) throw refusal(address, error);
      last = error;
    }
  }
  return last;
}

/** The address that a redirect names, in canonical form; undefined for any other error, and for what is no address. */
export function redirectOf(error: unknown): string | undefined {
  if (!isFlotillaError(error, 'NotLeader') || error.details.address === undefined) return undefined;
  try {
    return canonicalAddress(error.details.address);
  } catch (cause) {
    if (isFlotillaError(cause, 'InvalidArgument')) return undefined;
    throw cause;
  }
}

function refusal(address: string, error: FlotillaError): FlotillaError {
  if (error.code === 'UnknownIncarnation' || error.code === 'JoinRejected') return error;
  return new FlotillaError('JoinRejected', {
    message: `${address} refused this node for good: ${error.message}`,
    details: { by: address, reason: error.message },
    cause: error,
  });
}

/** The error of a node that has nobody to ask and may found nothing. */
export function noSeeds(): FlotillaError {
  return new FlotillaError('JoinNoSeeds', {
    message:
      'this node has no seed to ask: name in seeds the addresses of nodes of the cluster, its own among them where it may found one',
    details: {},
  });
}
