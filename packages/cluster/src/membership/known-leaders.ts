import { LeaderHints } from '@flotilla/routing';
import type { LeaderChange } from '../group/group-status.js';

/** Who leads which group, as far as this node knows: of the groups that it holds what their replicas see, of all others what it was told last. */
export class KnownLeaders {
  readonly hints: LeaderHints = new LeaderHints();
  /** Leaders of the groups held here; 0: unknown. */
  readonly #live = new Map<number, number>();

  of(group: number): number | undefined {
    return this.ofReplica(group) ?? this.hints.get(group)?.leader;
  }

  /** The leader as this node's own replica sees it. */
  ofReplica(group: number): number | undefined {
    const live = this.#live.get(group) ?? 0;
    return live === 0 ? undefined : live;
  }

  /** Somebody named the leader, or said that there is none (undefined). */
  told(group: number, leader: number | undefined): void {
    if (leader === undefined) this.hints.forget(group);
    else this.hints.learn(group, leader, this.hints.get(group)?.term ?? 0);
  }

  /** A replica held here sees another leader, or term. Whether the leader is another one. */
  changed({ group, leader, term }: LeaderChange): boolean {
    const before = this.#live.get(group) ?? 0;
    this.#live.set(group, leader);
    if (leader === 0) this.hints.forget(group);
    else this.hints.learn(group, leader, term);
    return leader !== before;
  }

  /** The replica is gone. */
  dropped(group: number): void {
    this.#live.delete(group);
  }
}
