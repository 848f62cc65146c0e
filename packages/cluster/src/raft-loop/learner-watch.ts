import type { FlotillaError } from '@flotilla/errors';
import type { Group } from '../group/group.js';
import type { LearnerPromotion } from './learner-promotion.js';

interface Watched {
  /** Commit index at the last tick; undefined until there was one, and after a promotion was refused: it is offered again a tick later. */
  commitAtTick: number | undefined;
  /** Learners that are to stay learners, as far as is known. */
  readonly declined: Set<number>;
}

/**
 * Finds learners that have caught up, and has them promoted: at most one for each led group and turn, and never while another
 * membership change of the group is in flight.
 *
 * Caught up: the learner holds all that was committed one tick ago, and the leader has committed in its own term, without which its
 * commit index may be far behind what is truly committed (such as 0 after a restart of all nodes).
 */
export class LearnerWatch {
  readonly #promotion: LearnerPromotion;
  readonly #watched = new Map<Group, Watched>();
  #progressed: Group[] = [];

  constructor(promotion: LearnerPromotion) {
    this.#promotion = promotion;
  }

  /** Leadership or membership of the group changed: what was decided about its learners is void. */
  forget(group: Group): void {
    this.#watched.delete(group);
  }

  /** Offers all learners again. */
  reconsider(): void {
    for (const watched of this.#watched.values()) watched.declined.clear();
  }

  /** A tick passed for these led groups with learners. */
  ticked(groups: ReadonlySet<Group>): void {
    for (const group of groups) {
      this.#consider(group);
      this.#watch(group).commitAtTick = group.raw.commit;
    }
  }

  /** A group made progress in this turn. */
  progressed(group: Group): void {
    this.#progressed.push(group);
  }

  /** Promotes what may be, of the groups that made progress and are led with a learner. */
  run(groups: ReadonlySet<Group>): void {
    if (this.#progressed.length === 0) return;
    const progressed = this.#progressed;
    this.#progressed = [];
    for (const group of progressed) if (groups.has(group)) this.#consider(group);
  }

  #consider(group: Group): void {
    const watched = this.#watch(group);
    if (watched.commitAtTick === undefined || !this.#mayChange(group)) return;
    for (const learner of group.confState.learners) {
      if (watched.declined.has(learner)) continue;
      const match = group.raw.match(learner);
      if (match <= 0 || match < watched.commitAtTick) continue;
      const change = this.#promotion.promote(group.id, learner, group.confState, (node) => group.isHeardOf(node));
      if (change === 'later') {
        // Asked again with whatever is heard next: at a tick, check-quorum may just have forgotten all. A group that sleeps hears nothing.
        group.startClock();
        continue;
      }
      if (change === undefined) {
        watched.declined.add(learner);
        continue;
      }
      group.requests.submitConfChange(change, {
        applied: (index) => this.#promotion.proposed?.(group.id, learner, index, undefined),
        failed: (error: FlotillaError) => {
          // Refused at once, as during a transfer of leadership, it would be proposed again in this very instant, for ever.
          watched.commitAtTick = undefined;
          this.#promotion.proposed?.(group.id, learner, 0, error);
        },
      });
      return;
    }
  }

  #mayChange(group: Group): boolean {
    const { raw, requests, confState, log } = group;
    return (
      group.isLeader &&
      requests.confChangesInFlight === 0 &&
      raw.pendingConfIndex <= group.appliedIndex &&
      confState.votersOutgoing.length === 0 &&
      log.term(raw.commit) === raw.term
    );
  }

  #watch(group: Group): Watched {
    let watched = this.#watched.get(group);
    if (watched === undefined) {
      watched = { commitAtTick: undefined, declined: new Set() };
      this.#watched.set(group, watched);
    }
    return watched;
  }
}
