/**
 * Rounds of microtasks in which nothing more was queued, after which what is queued is sent. An async function that
 * returns a promise takes three.
 */
const QUIET_ROUNDS = 4;

/** Tells when a turn ends: when a few rounds of microtasks have queued nothing more. So promise continuations of one event share a message. */
export class TurnEnd {
  readonly #enough: () => boolean;
  readonly #ended: () => void;
  readonly #onMicrotask = (): void => this.#look();
  #scheduled = false;
  /** Grows with all that is queued. */
  #queued = 0;
  #queuedSeen = 0;
  #quietRounds = 0;

  /** @param enough Whether so much is queued already that there is no more to wait for. */
  constructor(enough: () => boolean, ended: () => void) {
    this.#enough = enough;
    this.#ended = ended;
  }

  /** Whether the end of the turn is being waited for. */
  get scheduled(): boolean {
    return this.#scheduled;
  }

  /** Something was queued. */
  queued(): void {
    this.#queued++;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#queuedSeen = this.#queued;
    this.#quietRounds = 0;
    queueMicrotask(this.#onMicrotask);
  }

  #look(): void {
    this.#quietRounds = this.#queued === this.#queuedSeen ? this.#quietRounds + 1 : 0;
    if (this.#quietRounds < QUIET_ROUNDS && !this.#enough()) {
      this.#queuedSeen = this.#queued;
      queueMicrotask(this.#onMicrotask);
      return;
    }
    this.#scheduled = false;
    this.#ended();
  }
}
