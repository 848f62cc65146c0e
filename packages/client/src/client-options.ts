import { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { Transport } from '@flotilla/transport';

/** Bounds of a client. What would exceed them is refused with `Overloaded`, definite: nothing of it was sent. */
export interface ClientLimits {
  /** Calls without an outcome, of all nodes together (default 16,384). */
  readonly pendingRequestsMax: number;
  /** Bytes of their commands (default 64 MiB). */
  readonly pendingBytesMax: number;
  /** Requests without an answer on one connection; the others wait their turn (default 2,048). */
  readonly inFlightPerNodeMax: number;
  /** Watches that have not ended (default 1,024). */
  readonly watchesMax: number;
  /** Events that one watch holds for its reader; above it the watch stops receiving until half of them were read (default 8,192). */
  readonly watchEventsMax: number;
  /** The same in bytes of keys and values (default 8 MiB). */
  readonly watchBytesMax: number;
}

/** Of `FlotillaClient.connect`. */
export interface ClientOptions {
  /** Addresses of some nodes of one cluster, such as `ws://127.0.0.1:7001`. One that answers is enough; the others are learned. */
  readonly endpoints: readonly string[];
  /** Carriers for the schemes of the addresses. The client does not close them. */
  readonly transports: readonly Transport[];
  readonly runtime: Runtime;
  /**
   * `on` (default): every write belongs to a session, which applies it once however often it is sent, so that it is retried after
   * any failure. `off`: a write whose outcome is not known rejects with outcome `unknown`.
   */
  readonly sessions?: 'on' | 'off';
  /** How long a session outlives its last command, in ms (default 60,000; at least twice `requestTimeoutMs`). */
  readonly sessionTtlMs?: number;
  /** Until a call gives up, in ms (default 10,000). */
  readonly requestTimeoutMs?: number;
  /** Until an attempt is given up in favour of another node, in ms; doubles with each (default 2,000). */
  readonly attemptTimeoutMs?: number;
  /** Until `connect` gives up, in ms (default: `requestTimeoutMs`). */
  readonly connectTimeoutMs?: number;
  /** Ends `connect`. */
  readonly signal?: AbortSignal;
  readonly limits?: Partial<ClientLimits>;
}

/** Defaults of ClientLimits. */
export const DEFAULT_CLIENT_LIMITS: ClientLimits = {
  pendingRequestsMax: 16_384,
  pendingBytesMax: 64 * 1_048_576,
  inFlightPerNodeMax: 2_048,
  watchesMax: 1_024,
  watchEventsMax: 8_192,
  watchBytesMax: 8 * 1_048_576,
};

/** Options with every default filled in, checked. */
export interface ClientSettings {
  readonly sessions: 'on' | 'off';
  readonly sessionTtlMs: number;
  readonly requestTimeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly limits: ClientLimits;
}

/** Fills in defaults. @throws {FlotillaError} InvalidConfig for a value that cannot be used */
export function clientSettings(options: ClientOptions): ClientSettings {
  if (options.endpoints.length === 0) throw invalid('endpoints', 'give at least one address of a node');
  if (options.transports.length === 0) throw invalid('transports', 'give at least one');
  const limits = { ...DEFAULT_CLIENT_LIMITS, ...options.limits };
  for (const [key, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_CLIENT_LIMITS, key)) throw invalid(`limits.${key}`, 'there is no such limit');
    if (!Number.isSafeInteger(value) || value < 1)
      throw invalid(`limits.${key}`, `${value} is no whole number from 1 on`);
  }
  const sessions = options.sessions ?? 'on';
  if (sessions !== 'on' && sessions !== 'off') throw invalid('sessions', 'on or off');
  const requestTimeoutMs = time('requestTimeoutMs', options.requestTimeoutMs ?? 10_000);
  return {
    sessions,
    requestTimeoutMs,
    sessionTtlMs: Math.ceil(Math.max(time('sessionTtlMs', options.sessionTtlMs ?? 60_000), 2 * requestTimeoutMs)),
    attemptTimeoutMs: time('attemptTimeoutMs', options.attemptTimeoutMs ?? 2_000),
    connectTimeoutMs: time('connectTimeoutMs', options.connectTimeoutMs ?? requestTimeoutMs),
    limits,
  };
}

function time(key: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw invalid(key, `${value} is no time in ms above 0`);
}

function invalid(key: string, reason: string): FlotillaError<'InvalidConfig'> {
  return new FlotillaError('InvalidConfig', { message: `client option ${key}: ${reason}`, details: { key, reason } });
}
