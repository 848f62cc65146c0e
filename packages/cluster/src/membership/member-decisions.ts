import { METADATA_GROUP } from '@flotilla/routing';
import type { RequestKind } from '../liveness/peer-requests.js';
import type { MetadataEntry } from '../metadata/metadata-entry.js';
import type { MetadataOutcome, MetadataProposals } from '../metadata/metadata-proposals.js';
import type { MetadataState } from '../metadata/metadata-state.js';
import { type LeaderFinder, redirect, throughLeader, type WaysToLeader } from '../metadata/through-leader.js';
import type { WaitOptions } from '../multi-raft/multi-raft.js';
import { decideMemberCommand } from './member-commands.js';
import {
  FORWARD_MEMBER_COMMAND,
  MEMBER_COMMAND,
  type MemberCommand,
  type MemberDecision,
} from './membership-requests.js';

/** What decisions need of the node. */
export interface MemberDecisionsOptions {
  readonly finder: LeaderFinder;
  /** Whether this node leads group 0, and may act as its leader. */
  readonly acting: () => boolean;
  readonly proposals: MetadataProposals;
  readonly isAlive: (node: number) => boolean;
  readonly state: () => MetadataState;
  /** Asks another member. */
  readonly ask: (
    node: number,
    kind: RequestKind<MemberCommand, MemberDecision>,
    command: MemberCommand,
    signal: AbortSignal | undefined,
  ) => Promise<MemberDecision>;
}

/** Decisions about the nodes of the cluster: made by the leader of group 0 alone, and brought to it from wherever they are asked for. */
export class MemberDecisions {
  readonly #options: MemberDecisionsOptions;

  constructor(options: MemberDecisionsOptions) {
    this.#options = options;
  }

  /** Has a command decided: here, by the leader, or by way of a member that reaches the leader. @throws as `throughLeader` does */
  decide(command: MemberCommand, wait: WaitOptions): Promise<MemberDecision> {
    return throughLeader(this.#options.finder, METADATA_GROUP, {
      ...this.#ways(command, wait),
      forwarded: (node) => this.#options.ask(node, FORWARD_MEMBER_COMMAND, command, wait.signal),
    });
  }

  /** Passes on what another member could not bring to the leader: one hop and no further. */
  forward(command: MemberCommand, wait: WaitOptions): Promise<MemberDecision> {
    return throughLeader(this.#options.finder, METADATA_GROUP, this.#ways(command, wait));
  }

  /** Decides as the leader of group 0. @throws NotLeader, NotReady elsewhere */
  decideHere(command: MemberCommand, wait: WaitOptions): Promise<MemberDecision> {
    const { finder, isAlive, state } = this.#options;
    const decision = {
      nodeId: finder.nodeId,
      propose: (entry: MetadataEntry, options: WaitOptions) => this.proposeHere(entry, options),
      isAlive,
      state,
    };
    return decideMemberCommand(command, decision, wait);
  }

  /** For decisions that only group 0's leader can make: they are not passed on. */
  async proposeHere(entry: MetadataEntry, wait: WaitOptions): Promise<MetadataOutcome> {
    if (!this.#options.acting()) throw redirect(this.#options.finder);
    return this.#options.proposals.propose(entry, wait);
  }

  #ways(command: MemberCommand, wait: WaitOptions): WaysToLeader<MemberDecision> {
    return {
      here: () => this.decideHere(command, wait),
      there: (node) => this.#options.ask(node, MEMBER_COMMAND, command, wait.signal),
    };
  }
}
