import {
  type ConfChange,
  ConfChangeTransition,
  ConfChangeType,
  type ConfChangeV2,
  type ConfState,
} from '@flotilla/raft-core';
import { METADATA_GROUP, votersMax } from '@flotilla/routing';
import type { MetadataState } from '../metadata/metadata-state.js';
import type { LearnerPromotion } from '../raft-loop/learner-promotion.js';
import type { MembershipEvent } from './membership-event.js';
import { isQuorumHeard } from './quorum-kept.js';

const NO_CONTEXT = new Uint8Array(0);

/** What the policy reads. */
export interface PromotionPolicyOptions {
  readonly nodeId: number;
  readonly state: () => MetadataState;
  readonly onEvent: (event: MembershipEvent) => void;
}

/**
 * Decides on learners that have caught up: one that the group's target wants as voter is promoted where the group has room; where a voter
 * is to leave, one joint change puts the learner in and that voter out, so that the group never has more voters than it should. In group 0
 * a voter leaves only once it has left all data groups. A leader does not put itself out: its leadership leaves first. Where it is the only
 * voter, nobody could take that over, so the learner is promoted beside it, and the leader leaves in a step of its own.
 *
 * No promotion takes effect, and no voter is put out by one, while too few of those who would vote then are heard of.
 */
export class PromotionPolicy implements LearnerPromotion {
  readonly #options: PromotionPolicyOptions;

  constructor(options: PromotionPolicyOptions) {
    this.#options = options;
  }

  promote(
    group: number,
    learner: number,
    conf: ConfState,
    isHeard: (node: number) => boolean,
  ): ConfChange | ConfChangeV2 | 'later' | undefined {
    const { state, nodeId } = this.#options;
    return promotionOf(state(), { group, leader: nodeId, conf, isHeard }, learner);
  }

  proposed(group: number, learner: number, index: number, error: Error | undefined): void {
    if (error === undefined) this.#options.onEvent({ name: 'learner.promotion_proposed', group, learner, index });
    else this.#options.onEvent({ name: 'learner.promotion_deferred', group, learner, error: error.message });
  }
}

/** A led group, as its leader sees it. */
export interface LedGroup {
  readonly group: number;
  readonly leader: number;
  readonly conf: ConfState;
  /** Whether the leader has heard of a member lately. */
  readonly isHeard: (node: number) => boolean;
}

/** The change that promotes a learner that has caught up; undefined: as things stand it stays what it is; `later`: once more voters are heard of. */
export function promotionOf(
  state: MetadataState,
  { group, leader, conf, isHeard }: LedGroup,
  learner: number,
): ConfChange | ConfChangeV2 | 'later' | undefined {
  const target = state.targets.get(group);
  const node = state.topology.nodes.get(learner);
  if (target === undefined || node === undefined || !node.voter || !target.voters.includes(learner)) return undefined;
  if (conf.votersOutgoing.length > 0 || conf.voters.includes(learner)) return undefined;
  const added = [...conf.voters, learner];
  const leaving = conf.voters.filter((voter) => !target.voters.includes(voter));
  const isOnlyVoterLeaving = conf.voters.length === 1 && leaving.includes(leader) && mayLeave(state, group, leader);
  if (leaving.length === 0 || isOnlyVoterLeaving) {
    if (leaving.length === 0 && conf.voters.length >= votersMax(group, state.replicationFactor)) return undefined;
    return isQuorumHeard(added, isHeard) ? promote(learner) : 'later';
  }
  const mayGo = leaving.filter((voter) => voter !== leader && mayLeave(state, group, voter));
  if (mayGo.length === 0) return undefined;
  const without = (out: number): readonly number[] => added.filter((voter) => voter !== out);
  const out = mayGo.find((voter) => isQuorumHeard(without(voter), isHeard));
  return out === undefined ? 'later' : replace(out, learner);
}

function replace(out: number, learner: number): ConfChangeV2 {
  return {
    kind: 'v2',
    transition: ConfChangeTransition.JointImplicit,
    changes: [
      { type: ConfChangeType.AddNode, nodeId: learner },
      { type: ConfChangeType.RemoveNode, nodeId: out },
    ],
    context: NO_CONTEXT,
  };
}

function promote(learner: number): ConfChange {
  return { kind: 'v1', type: ConfChangeType.AddNode, nodeId: learner, context: NO_CONTEXT };
}

/** Group 0 last: a node votes there until it is out of every data group. */
export function mayLeave(state: MetadataState, group: number, node: number): boolean {
  if (group !== METADATA_GROUP) return true;
  for (const placement of state.routing.groups.values()) {
    if (placement.group === METADATA_GROUP) continue;
    if (placement.voters.includes(node) || placement.learners.includes(node)) return false;
  }
  return true;
}
