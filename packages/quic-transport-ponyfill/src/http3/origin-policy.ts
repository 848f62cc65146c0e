// Whose requests a listener takes: by path and by the origin of the page that asks.
import { QuicError } from '../errors.js';
import type { SessionRequest } from '../session.js';

/** What a listener says of a request: whether it is taken, or the HTTP status (400 to 599) with which it is refused. */
export type Verdict = boolean | number;

/** Which requests a listener takes. */
export interface AcceptPolicy {
  /**
   * Origins of the pages that may connect, for example `https://example.com`; `*` allows any. Default none: whatever sends an Origin
   * gets 403. Requests without Origin come from programs, not from pages, and are not judged by this.
   */
  readonly allowedOrigins?: readonly string[];
  /** Paths, without query, that exist; others get 404. Default: all. */
  readonly paths?: readonly string[];
  /** Asked last. `false` is 403; an error thrown is 500. */
  readonly accept?: (request: SessionRequest) => Verdict | Promise<Verdict>;
}

/**
 * Checks a policy and makes a judge of it: `undefined` where a request is taken, else the status of the refusal.
 * Throws {@link QuicError} `InvalidArgument` for an origin that is none and for a path that does not begin with `/`.
 */
export function requestJudge(policy: AcceptPolicy): (request: SessionRequest) => Promise<number | undefined> {
  const origins = new Set((policy.allowedOrigins ?? []).map(canonicalOrigin));
  for (const path of policy.paths ?? []) {
    if (!path.startsWith('/') || path.includes('?'))
      throw invalid(`paths: ${JSON.stringify(path)} is not of the form /name`);
  }
  return async (request) => {
    const [path = ''] = request.path.split('?');
    if (policy.paths !== undefined && !policy.paths.includes(path)) return 404;
    if (request.origin !== undefined && !origins.has('*') && !origins.has(request.origin)) return 403;
    if (policy.accept === undefined) return undefined;
    try {
      const verdict = await policy.accept(request);
      if (typeof verdict === 'boolean') return verdict ? undefined : 403;
      return Number.isInteger(verdict) && verdict >= 400 && verdict <= 599 ? verdict : 500;
    } catch {
      // What the application's judge throws concerns its own log; the peer learns that it was refused.
      return 500;
    }
  };
}

function canonicalOrigin(origin: string): string {
  if (origin === '*') return origin;
  const url = URL.canParse(origin) && !origin.includes('*') ? new URL(origin) : undefined;
  if (url === undefined || url.origin === 'null' || url.origin !== origin.replace(/\/$/, '').toLowerCase()) {
    throw invalid(`allowedOrigins: ${JSON.stringify(origin)} is not of the form https://host or https://host:port`);
  }
  return url.origin;
}

function invalid(message: string): QuicError {
  return new QuicError('InvalidArgument', message);
}
