/** One client's session with one vShard (thesis, section 6.3). */
export interface Session {
  readonly clientId: Uint8Array;
  /** What its commands belong to; the record moves with the vShard. */
  readonly vshard: number;
  /** How long it is kept without a command, in ms; measured by the leader, who proposes the end. */
  readonly ttlMs: number;
  /** Results up to and including this sequence are not kept; a command with such a sequence is never applied again. */
  acknowledged: number;
  /** Highest sequence that was applied. */
  highest: number;
  /** Results by sequence, in the order in which they were stored. */
  readonly results: Map<number, Uint8Array>;
  /** Bytes of `results`. */
  bytes: number;
  /** Number of the last change of the table that touched it: for those who measure its idleness, and no part of the state. */
  touched: number;
}

/** Bounds of a table. They are part of the group's rules: all replicas must have the same. */
export interface SessionLimits {
  /** Sessions of a group; beyond it the one that was used least recently ends. */
  readonly sessionsMax: number;
  /** Results kept of a session; beyond it the oldest go, as if they had been acknowledged. */
  readonly resultsPerSessionMax: number;
  /** Bytes of results of one session; checked now and then, see `trim`. */
  readonly sessionBytesMax: number;
  /** Bytes of results of all sessions; checked now and then, see `trim`. */
  readonly bytesMax: number;
}

/** Defaults of SessionLimits. */
export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  sessionsMax: 100_000,
  resultsPerSessionMax: 4_096,
  sessionBytesMax: 4 * 1024 * 1024,
  bytesMax: 64 * 1024 * 1024,
};

/**
 * The sessions of one group, least recently used first. Everything here is decided by the log alone, so that all replicas decide
 * alike: no clock, no chance, and no bound that depends on how entries were batched.
 */
export class SessionTable {
  readonly limits: SessionLimits;
  readonly #sessions = new Map<string, Session>();
  /** Sessions whose results were found above their bound since the last `trim`. */
  readonly #large = new Set<Session>();
  #bytes = 0;
  #changes = 0;

  constructor(limits: SessionLimits) {
    this.limits = limits;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Bytes of all stored results. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of changes that touched a session: a measure of idleness without a clock. */
  get changes(): number {
    return this.#changes;
  }

  /** All sessions, least recently used first. */
  all(): Iterable<Session> {
    return this.#sessions.values();
  }

  /** Puts a session that a snapshot holds at the end. */
  restore(session: Session): void {
    this.#sessions.set(keyOf(session.clientId, session.vshard), session);
    this.#bytes += session.bytes;
    if (session.bytes > this.limits.sessionBytesMax) this.#large.add(session);
  }

  /** Opens a session, or keeps the one that is open, and makes it the most recently used. */
  open(clientId: Uint8Array, vshard: number, ttlMs: number): void {
    if (this.use(clientId, vshard) !== undefined) return;
    while (this.#sessions.size >= this.limits.sessionsMax) this.#endOldest();
    // A copy: the entry's bytes are a view of a whole frame, which the session would keep alive.
    const own = clientId.slice();
    this.#changes++;
    this.#sessions.set(keyOf(own, vshard), {
      clientId: own,
      vshard,
      ttlMs,
      acknowledged: 0,
      highest: 0,
      results: new Map(),
      bytes: 0,
      touched: this.#changes,
    });
  }

  /** The session, now the most recently used; undefined where there is none. */
  use(clientId: Uint8Array, vshard: number): Session | undefined {
    const key = keyOf(clientId, vshard);
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    this.#changes++;
    session.touched = this.#changes;
    return session;
  }

  /** Ends a session, unless it has gone beyond `sequence`. */
  end(clientId: Uint8Array, vshard: number, sequence: number): void {
    const key = keyOf(clientId, vshard);
    const session = this.#sessions.get(key);
    if (session === undefined || session.highest > sequence) return;
    this.#sessions.delete(key);
    this.#bytes -= session.bytes;
  }

  /** The client holds the results up to `sequence`. */
  acknowledge(session: Session, sequence: number): void {
    if (sequence <= session.acknowledged) return;
    session.acknowledged = sequence;
    // Results stand in the order of the log, which is almost that of sequences: one behind a higher one goes when that goes.
    for (const stored of session.results.keys()) {
      if (stored > sequence) return;
      this.#forget(session, stored);
    }
  }

  /** Keeps room for the result of a sequence that is about to be applied. */
  reserve(session: Session, sequence: number): void {
    session.highest = Math.max(session.highest, sequence);
    session.results.set(sequence, NO_RESULT);
    if (session.results.size > this.limits.resultsPerSessionMax) this.#forgetOldest(session);
  }

  /** Stores the result of a sequence that was reserved, unless it was given up meanwhile. */
  store(session: Session, sequence: number, result: Uint8Array): void {
    const before = session.results.get(sequence);
    if (before === undefined) return;
    session.results.set(sequence, result);
    const grown = result.length - before.length;
    session.bytes += grown;
    if (session.bytes > this.limits.sessionBytesMax) this.#large.add(session);
    // A session that ended before its result was there is counted no more.
    if (this.#sessions.get(keyOf(session.clientId, session.vshard)) === session) this.#bytes += grown;
  }

  /** Brings the bytes of results below their bounds. To be called at places that the log decides, with all results stored. */
  trim(): void {
    const { sessionBytesMax, bytesMax } = this.limits;
    for (const session of this.#large) {
      while (session.bytes > sessionBytesMax) this.#forgetOldest(session);
    }
    this.#large.clear();
    while (this.#bytes > bytesMax) this.#endOldest();
  }

  /** Gives up the oldest result: a retry of its sequence, or of a lower one, is answered with SessionExpired. */
  #forgetOldest(session: Session): void {
    for (const sequence of session.results.keys()) {
      this.#forget(session, sequence);
      this.acknowledge(session, sequence);
      return;
    }
  }

  #forget(session: Session, sequence: number): void {
    const bytes = session.results.get(sequence)?.length ?? 0;
    session.results.delete(sequence);
    session.bytes -= bytes;
    if (this.#sessions.get(keyOf(session.clientId, session.vshard)) === session) this.#bytes -= bytes;
  }

  #endOldest(): void {
    for (const [key, session] of this.#sessions) {
      this.#sessions.delete(key);
      this.#bytes -= session.bytes;
      return;
    }
  }
}

const NO_RESULT = new Uint8Array(0);

function keyOf(clientId: Uint8Array, vshard: number): string {
  let key = `${vshard}/`;
  for (let at = 0; at < clientId.length; at++) key += String.fromCharCode(clientId[at] as number);
  return key;
}
