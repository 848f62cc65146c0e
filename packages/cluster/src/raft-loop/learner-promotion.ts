import type { ConfChange, ConfChangeV2, ConfState } from '@flotilla/raft-core';

/**
 * Decides on promotion of learners. The loop asks for a led group at most once a turn, only about a learner that has caught up
 * (its match is at or above the commit index, and not 0) and only while no other conf change is in flight in that group.
 */
export interface LearnerPromotion {
  /**
   * The change to propose. Undefined leaves the learner what it is, and the loop asks again after the next conf change, leadership change or
   * `reconsider`; `later`: it asks again with the next tick, or the next that is heard.
   *
   * @param isHeard Whether this leader has heard of a member lately, as check-quorum has it; true of the leader itself
   */
  promote(
    group: number,
    learner: number,
    conf: ConfState,
    isHeard: (node: number) => boolean,
  ): ConfChange | ConfChangeV2 | 'later' | undefined;
  /** The change was proposed (`error` undefined) at `index`, or could not be, and is tried again on a later turn. */
  proposed?(group: number, learner: number, index: number, error: Error | undefined): void;
}
