/** Flips once, from false to true: when group 0 applied anything on this node, entries or a snapshot, since it was started. */
export class ReadinessLatch {
  #flipped = false;
  #waiting: (() => void)[] = [];

  get isOpen(): boolean {
    return this.#flipped;
  }

  /** Does nothing after the first call. */
  open(): void {
    if (this.#flipped) return;
    this.#flipped = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
  }

  /** Calls back once it is open; at once if it is. */
  whenOpen(callback: () => void): void {
    if (this.#flipped) callback();
    else this.#waiting.push(callback);
  }
}
