import type { NativeSession } from '../native/native-session.js';

/**
 * The connections of a listener that have not become a session yet. They are a share of all that it takes, and where more come, the
 * oldest goes: so whoever connects and says nothing keeps nobody out for longer than it takes others to come.
 */
export class UnprovenConnections {
  readonly #max: number;
  /** In order of arrival. */
  readonly #giveUp = new Map<NativeSession, () => void>();

  /** @param max How many there may be, above 0. */
  constructor(max: number) {
    this.#max = max;
  }

  /** @param giveUp Closes the connection, in words of its carrier. */
  add(connection: NativeSession, giveUp: () => void): void {
    for (const [oldest, close] of this.#giveUp) {
      if (this.#giveUp.size < this.#max) break;
      this.#giveUp.delete(oldest);
      close();
    }
    this.#giveUp.set(connection, giveUp);
    void connection.closed.then(() => this.#giveUp.delete(connection));
  }

  /** It is a session now. */
  proven(connection: NativeSession): void {
    this.#giveUp.delete(connection);
  }
}
