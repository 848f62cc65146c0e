import type { Group } from '../group/group.js';

/**
 * Groups with committed entries to deliver. A round serves group 0 first, then the data groups in turn, each within its own bounds;
 * at least one data group is served in every round, so that a busy group 0 holds nobody up for more than a turn.
 */
export class ApplyRound {
  readonly #waiting = new Set<Group>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  add(group: Group): void {
    this.#waiting.add(group);
  }

  /** Delivers until all had their share or `isOver`; calls `applied` after each group that applied entries. Those with more left come last in the next round. */
  run(isOver: () => boolean, applied: (group: Group, entries: number) => void): void {
    if (this.#waiting.size === 0) return;
    const round = [...this.#waiting];
    const first = round.findIndex((group) => group.id === 0);
    if (first > 0) round.unshift(...round.splice(first, 1));
    let dataGroups = 0;
    for (const group of round) {
      if (dataGroups > 0 && isOver()) return;
      this.#waiting.delete(group);
      const entries = group.apply();
      if (group.hasApplies) this.#waiting.add(group);
      if (entries > 0) applied(group, entries);
      if (group.id !== 0) dataGroups++;
    }
  }

  clear(): void {
    this.#waiting.clear();
  }
}
