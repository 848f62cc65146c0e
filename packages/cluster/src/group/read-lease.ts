/** How much of what followers promise a lease uses: it holds as long as clocks differ in rate by no more than a tenth. */
const LEASE_PART = 0.9;

/** What a lease is made of. */
export interface ReadLeaseOptions {
  /** Off: never held. */
  readonly enabled: boolean;
  readonly electionTicks: number;
  readonly tickMs: number;
  /** This node's monotonic clock, ms. */
  readonly now: () => number;
}

/**
 * A leader's lease (thesis, section 6.4.1): for a while after a quorum has answered its heartbeats nobody else can be elected, and reads need no
 * round of their own.
 *
 * A follower that heard a leader grants no vote for an election timeout (check-quorum's lease). Its clock may tick right after, so it keeps that
 * for all ticks but one. The lease runs from the moment at which the round was asked for, before any follower could have heard it; what
 * check-quorum last saw is too old for that. It ends with the term, and with whatever lets a candidate pass by that promise: a
 * transfer of leadership, whose message may be late, ends leases for the rest of the term; a membership change ends the present one.
 */
export class ReadLease {
  readonly #enabled: boolean;
  readonly #lengthMs: number;
  readonly #now: () => number;
  #term = 0;
  #untilMs = 0;
  #forbiddenTerm = 0;

  constructor({ enabled, electionTicks, tickMs, now }: ReadLeaseOptions) {
    this.#enabled = enabled;
    this.#lengthMs = (electionTicks - 1) * tickMs * LEASE_PART;
    this.#now = now;
  }

  /** Whether the leader of `term` may answer reads by itself now. */
  isHeld(term: number): boolean {
    return this.#enabled && term === this.#term && term !== this.#forbiddenTerm && this.#now() < this.#untilMs;
  }

  /** A quorum has answered the leader of `term` a round that was asked for at `askedMs`. */
  confirmed(term: number, askedMs: number): void {
    const untilMs = askedMs + this.#lengthMs;
    this.#untilMs = term === this.#term ? Math.max(this.#untilMs, untilMs) : untilMs;
    this.#term = term;
  }

  /** The members changed: another quorum counts. */
  end(): void {
    this.#untilMs = 0;
  }

  /** Leadership was to be handed over: whoever was told may campaign at any time, whatever others promised. */
  forbid(term: number): void {
    this.#forbiddenTerm = term;
  }
}
