/**
 * What was committed in a group, index by index, as the first replica that said so had it. It only grows: whatever any replica, ever, says
 * to be committed must be the same.
 */
export class CommittedLog {
  /** By index, from 1 on; 0 where it is not known. */
  readonly #terms: number[] = [0];
  /** By index: term of the replica that said so first. */
  readonly #saidIn: number[] = [0];

  /** The highest index that anybody said to be committed. */
  get lastIndex(): number {
    return this.#terms.length - 1;
  }

  /** Term of the entry at `index`; -1 where nothing is known of it. */
  termAt(index: number): number {
    const term = this.#terms[index];
    return term === undefined || (term === 0 && index > 0) ? -1 : term;
  }

  /** Term in which the entry at `index` was first said to be committed; -1 where nothing is known of it. */
  saidIn(index: number): number {
    return this.#saidIn[index] ?? -1;
  }

  /** The entry after the last one is committed. `term` is -1 where only a snapshot reaches it. */
  extend(term: number, saidIn: number): void {
    this.#terms.push(Math.max(term, 0));
    this.#saidIn.push(saidIn);
  }

  /** The term of an entry becomes known that was committed under a snapshot. */
  learn(index: number, term: number): void {
    if (this.#terms[index] === 0 && term > 0) this.#terms[index] = term;
  }
}
