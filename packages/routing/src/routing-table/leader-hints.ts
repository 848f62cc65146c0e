/** Who led a group when last heard of. */
export interface LeaderHint {
  readonly leader: number;
  /** The group's term in which it led; a hint of a lower term never replaces one of a higher. */
  readonly term: number;
}

/**
 * Leaders of groups as elections tell of them: soft state of one node or client, never in a log or a table's byte form,
 * and never more than a hint of whom to ask first.
 */
export class LeaderHints {
  readonly #hints: Map<number, LeaderHint> = new Map();

  /** The hint of a group; undefined: unknown. */
  get(group: number): LeaderHint | undefined {
    return this.#hints.get(group);
  }

  /** Takes in a leader seen in a term. Returns whether the hint changed: a lower term, or the same leader again, changes nothing. */
  learn(group: number, leader: number, term: number): boolean {
    const known = this.#hints.get(group);
    if (known !== undefined && (term < known.term || (term === known.term && leader === known.leader))) return false;
    this.#hints.set(group, { leader, term });
    return true;
  }

  /** Forgets the leader of a group, such as after it answered that it does not lead. */
  forget(group: number): void {
    this.#hints.delete(group);
  }

  /** Forgets a node as leader of anything, such as when it is gone. Returns the groups concerned, ascending. */
  forgetNode(node: number): number[] {
    const groups = [...this.#hints].filter(([, hint]) => hint.leader === node).map(([group]) => group);
    for (const group of groups) this.#hints.delete(group);
    return groups.sort((a, b) => a - b);
  }
}
