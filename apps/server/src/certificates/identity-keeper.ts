import type { MetricFamily } from '@flotilla/cluster';
import { FlotillaError, toFlotillaError } from '@flotilla/errors';
import type { Runtime, Timer } from '@flotilla/runtime';
import type { Logger } from '../log/logger.js';
import type { CertificateFacts } from './certificate-facts.js';
import { type IdentityContext, type IdentityTexts, judgeIdentity, type ServerIdentity } from './server-identity.js';

/** What the cluster knows of this node. */
export interface NodeRecord {
  /** 0: it has no id yet. */
  readonly nodeId: number;
  /** Keys on record for it; empty: none. */
  readonly spkiPins: readonly string[];
}

/** What an identity is kept with. */
export interface IdentityKeeperOptions {
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly identity: ServerIdentity;
  /** Reads the files anew. Rejects with InvalidConfig. */
  readonly read: () => Promise<IdentityTexts>;
  /** Asked where the files are looked at, and `recordChanged` was called. */
  readonly record: () => NodeRecord;
  /** Gives new certificates to all transports. @throws where one cannot use them */
  readonly apply: (tls: IdentityTexts) => void;
  /** Between looks at the files, in ms; 0: only when asked. */
  readonly pollMs: number;
  /** What the server listens on and advertises. */
  readonly addresses: readonly string[];
}

/** The certificate as `/status` shows it; times are ISO 8601. */
export interface CertificateStatus {
  readonly commonName: string;
  readonly nodeIds: readonly number[];
  readonly spkiPin: string;
  /** SHA-256 of the certificate, in hexadecimal digits. */
  readonly sha256: string;
  readonly notAfter: string;
  /** Below 0 once it has expired. */
  readonly expiresInSeconds: number;
  /** The first end of an authority that is believed. */
  readonly authorityNotAfter: string;
}

const DAY_MS = 86_400_000;
const WARN_BEFORE_MS = 30 * DAY_MS;
/** Certificates that live shortly are warned of in the last part of their life. */
const WARN_PART = 4;
/** The longest wait between looks at the clock where the files are not polled. */
const CLOCK_MS = 3_600_000;

/**
 * Keeps a server's certificates fresh: takes those that were renewed, without a restart, where they can be used and the cluster would believe
 * them; and says in time, in logs, status and metrics, that they run out.
 */
export class IdentityKeeper implements Disposable {
  readonly #options: IdentityKeeperOptions;
  #identity: ServerIdentity;
  /** What was refused last and why, so that it is said once. */
  #refused = '';
  #warned = new Map<string, number>();
  #reloads = { taken: 0, refused: 0 };
  #unpinned = '';
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;

  constructor(options: IdentityKeeperOptions) {
    this.#options = options;
    this.#identity = options.identity;
    this.#warnOfExpiry();
    this.#schedule();
  }

  /** Looks at the files now, whether or not they are polled. Never rejects: what cannot be used is said, and the former goes on. */
  reload(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Says, once for each record, that the cluster knows this node by other keys: others will refuse it. */
  recordChanged(): void {
    const { nodeId, spkiPins } = this.#options.record();
    const { spkiPin } = this.#identity.certificate;
    const isKnown = spkiPins.length === 0 || spkiPins.includes(spkiPin);
    const unpinned = isKnown ? '' : [spkiPin, ...spkiPins].join();
    if (unpinned === this.#unpinned) return;
    this.#unpinned = unpinned;
    if (!isKnown) this.#options.logger.error('certificate.key_not_on_record', { ...notOnRecord(nodeId, spkiPin) });
  }

  status(): CertificateStatus {
    const { certificate, authorities } = this.#identity;
    return {
      commonName: certificate.commonName,
      nodeIds: certificate.nodeIds,
      spkiPin: certificate.spkiPin,
      sha256: certificate.sha256,
      notAfter: certificate.notAfter.toISOString(),
      expiresInSeconds: this.#secondsLeft(certificate),
      authorityNotAfter: firstToExpire(authorities).notAfter.toISOString(),
    };
  }

  /** Numbers for `/metrics`. */
  metrics(): readonly MetricFamily[] {
    const { certificate, authorities } = this.#identity;
    return [
      {
        name: 'flotilla_certificate_expiry_seconds',
        help: 'Seconds until the certificate expires, negative once it has: of this node, and of the authority that it believes (the first to expire).',
        type: 'gauge',
        samples: [
          { labels: { certificate: 'node' }, value: this.#secondsLeft(certificate) },
          { labels: { certificate: 'authority' }, value: this.#secondsLeft(firstToExpire(authorities)) },
        ],
      },
      {
        name: 'flotilla_certificate_reloads_total',
        help: 'New certificates that were found in the files, by whether they were taken.',
        type: 'counter',
        samples: [
          { labels: { outcome: 'taken' }, value: this.#reloads.taken },
          { labels: { outcome: 'refused' }, value: this.#reloads.refused },
        ],
      },
    ];
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #secondsLeft({ notAfter }: CertificateFacts): number {
    return Math.floor((notAfter.getTime() - this.#options.runtime.wallClock()) / 1_000);
  }

  #schedule(): void {
    if (this.#stopped) return;
    const { runtime, pollMs } = this.#options;
    this.#timer = runtime.setTimer(pollMs === 0 ? CLOCK_MS : pollMs, () => {
      this.#warnOfExpiry();
      void (pollMs === 0 ? Promise.resolve() : this.reload()).then(() => this.#schedule());
    });
  }

  async #look(): Promise<void> {
    let texts: IdentityTexts | undefined;
    try {
      texts = await this.#options.read();
      if (this.#stopped) return;
      // What was refused is judged again: it may be valid by now, or its key on record.
      if (!isSame(texts, this.#identity.tls)) this.#take(texts);
      this.#refused = '';
    } catch (error) {
      const reason = toFlotillaError(error).message;
      const refused = `${reason}\n${texts?.cert ?? ''}`;
      if (refused === this.#refused || this.#stopped) return;
      this.#refused = refused;
      this.#reloads.refused++;
      this.#options.logger.error('certificate.not_taken', {
        error: reason,
        note: 'the server goes on with the former one',
      });
    }
  }

  /** @throws {FlotillaError} why the certificates cannot be used; the former ones then stay */
  #take(texts: IdentityTexts): void {
    const { runtime, record, apply, logger } = this.#options;
    const { nodeId, spkiPins } = record();
    const context: IdentityContext = {
      nowMs: runtime.wallClock(),
      nodeId: nodeId === 0 ? undefined : nodeId,
      addresses: this.#options.addresses,
    };
    const identity = judgeIdentity(texts, context);
    const { spkiPin, commonName, notAfter } = identity.certificate;
    if (spkiPins.length > 0 && !spkiPins.includes(spkiPin)) throw notBelieved(notOnRecord(nodeId, spkiPin).error);
    try {
      apply(texts);
    } catch (error) {
      apply(this.#identity.tls);
      throw error;
    }
    this.#identity = identity;
    this.#warned.clear();
    this.#reloads.taken++;
    logger.info('certificate.taken', { commonName, spkiPin, notAfter: notAfter.toISOString() });
    this.recordChanged();
    this.#warnOfExpiry();
  }

  #warnOfExpiry(): void {
    const { certificate, authorities } = this.#identity;
    this.#warnOf('certificate', certificate);
    for (const authority of authorities) this.#warnOf('authority', authority);
  }

  /** Once a day. */
  #warnOf(what: 'certificate' | 'authority', facts: CertificateFacts): void {
    const { runtime, logger } = this.#options;
    const now = runtime.wallClock();
    const { sha256, commonName, notBefore, notAfter } = facts;
    const left = notAfter.getTime() - now;
    const lifetime = notAfter.getTime() - notBefore.getTime();
    if (left > Math.min(WARN_BEFORE_MS, lifetime / WARN_PART)) return;
    const last = this.#warned.get(sha256);
    const hasExpiredSince = left <= 0 && last !== undefined && last < notAfter.getTime();
    if (last !== undefined && Math.abs(now - last) < DAY_MS && !hasExpiredSince) return;
    this.#warned.set(sha256, now);
    const fields = { commonName, notAfter: notAfter.toISOString(), days: Math.floor(left / DAY_MS) };
    if (left > 0) logger.warn(`${what}.expires_soon`, fields);
    else logger.error(`${what}.expired`, { ...fields, note: 'new connections are refused' });
  }
}

function firstToExpire(authorities: readonly CertificateFacts[]): CertificateFacts {
  // Judged: there is one.
  return authorities.reduce((first, each) => (each.notAfter < first.notAfter ? each : first));
}

function isSame(a: IdentityTexts, b: IdentityTexts): boolean {
  return a.ca === b.ca && a.cert === b.cert && a.key === b.key;
}

function notOnRecord(nodeId: number, spkiPin: string): { readonly error: string } {
  return {
    error:
      `the cluster knows node ${nodeId} by other keys than ${spkiPin}, that of its certificate: others refuse it. ` +
      `Go back to the certificate with the former key, or run: flotilla members pin ${nodeId} --add ${spkiPin}`,
  };
}

function notBelieved(reason: string): FlotillaError<'InvalidConfig'> {
  return new FlotillaError('InvalidConfig', { message: reason, details: { key: 'tlsCert', reason } });
}
