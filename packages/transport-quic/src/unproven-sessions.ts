import type { QuicSession } from '@flotilla/quic-transport-ponyfill';

/** Sessions whose hello is not verified. No more than so many: where one more comes, the oldest goes, so that many who say nothing keep nobody out. */
export class UnprovenSessions {
  readonly #countMax: number;
  readonly #crowdedOut: (session: QuicSession) => void;
  /** In order of arrival. */
  readonly #sessions = new Set<QuicSession>();

  constructor(countMax: number, crowdedOut: (session: QuicSession) => void) {
    this.#countMax = countMax;
    this.#crowdedOut = crowdedOut;
  }

  /** A session came. */
  add(session: QuicSession): void {
    this.#sessions.add(session);
    const remove = (): void => this.remove(session);
    session.closed.then(remove, remove);
    if (this.#sessions.size <= this.#countMax) return;
    const [oldest] = this.#sessions;
    if (oldest === undefined) return;
    this.remove(oldest);
    this.#crowdedOut(oldest);
  }

  /** It proved itself, or ended. */
  remove(session: QuicSession): void {
    this.#sessions.delete(session);
  }
}
