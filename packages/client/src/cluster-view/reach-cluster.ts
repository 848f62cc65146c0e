import { FlotillaError, type ErrorCode, isFlotillaError, toFlotillaError } from '@flotilla/errors';
import { delay, type Runtime, withDeadline } from '@flotilla/runtime';
import { aborted } from '../client-errors.js';
import { type Backoff, backoffMs } from '../connection/backoff.js';
import type { NodeLinks } from '../connection/node-links.js';
import type { ClusterView } from './cluster-view.js';

const ROUND_BACKOFF: Backoff = { firstMs: 50, maxMs: 1_000 };

/** Refusals that another round would only meet again. */
const LASTING: ReadonlySet<ErrorCode> = new Set([
  'Unauthorized',
  'WrongCluster',
  'IncompatibleVersion',
  'InvalidConfig',
  'InvalidArgument',
]);

/** How the cluster is looked for. */
export interface ReachOptions {
  readonly view: ClusterView;
  readonly links: NodeLinks;
  readonly endpoints: readonly string[];
  readonly runtime: Runtime;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Asks all endpoints at once, round after round, until one of them gives the cluster's map. Rejects with Unreachable, and what
 * each endpoint answered, once the time has passed; at once where every endpoint refuses for good; with Aborted.
 */
export async function reachCluster(options: ReachOptions): Promise<void> {
  const { runtime, timeoutMs, signal } = options;
  const rounds = new Rounds(options);
  try {
    await withDeadline(runtime, { ms: timeoutMs, signal, expired: () => rounds.failure() }, (inner) =>
      rounds.run(inner),
    );
  } catch (error) {
    if (signal?.aborted === true && !isFlotillaError(error)) throw aborted('connecting', error, 'definite');
    throw error;
  }
}

class Rounds {
  readonly #options: ReachOptions;
  readonly #errors = new Map<string, FlotillaError>();

  constructor(options: ReachOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { endpoints, runtime } = this.#options;
    for (let round = 1; ; round++) {
      const found = await Promise.any(endpoints.map((endpoint) => this.#ask(endpoint, signal))).then(
        () => true,
        () => false,
      );
      if (found) return;
      if (signal.aborted) throw toFlotillaError(signal.reason);
      if ([...this.#errors.values()].every((error) => LASTING.has(error.code))) throw this.#first();
      await delay(runtime, backoffMs(runtime, ROUND_BACKOFF, round), signal);
    }
  }

  async #ask(endpoint: string, signal: AbortSignal): Promise<void> {
    const { view, links } = this.#options;
    try {
      const map = await view.fetch(links.at(endpoint), signal);
      if (!signal.aborted) view.learn(map);
    } catch (error) {
      this.#errors.set(endpoint, toFlotillaError(error));
      throw error;
    }
  }

  #first(): FlotillaError {
    const [error] = this.#errors.values();
    return error ?? this.failure();
  }

  failure(): FlotillaError {
    const { endpoints, timeoutMs } = this.#options;
    const reasons = endpoints.map((endpoint) => `${endpoint} (${this.#errors.get(endpoint)?.message ?? 'no answer'})`);
    return new FlotillaError('Unreachable', {
      message: `no endpoint gave the cluster's map within ${timeoutMs} ms: ${reasons.join(', ')}; check that a node runs there`,
      details: { address: endpoints.join(' ') },
      cause: [...this.#errors.values()].at(-1),
    });
  }
}
