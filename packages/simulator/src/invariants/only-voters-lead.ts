import { EntryType, type MessageType, Role, TraceKind } from '@flotilla/raft-core';
import type { Observation } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';
import { isLeaders } from './one-append-sender-a-term.js';

/**
 * Only a voter of its own configuration campaigns, and none that knows of a committed change of membership which it has not applied: that
 * change may have taken its vote away, or have given votes to others (etcd/raft #456). A leader that has applied its own removal leads no more.
 */
export class OnlyVotersLead implements Invariant {
  readonly name = 'only-voters-lead';
  readonly hears: readonly TraceKind[] = [TraceKind.RoleChanged, TraceKind.MessageSent];

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'trace' || subject === undefined) return;
    const { event } = observation;
    if (event.kind === TraceKind.RoleChanged) {
      if (event.role !== Role.Follower) this.#checkCampaign(subject);
    } else if (event.kind === TraceKind.MessageSent && subject.isLeader) {
      this.#checkLeader(subject, event.message.type);
    }
  }

  #checkCampaign(replica: ObservedReplica): void {
    const { log, applied, commit } = replica;
    if (!hasVote(replica)) violated(this.name, `${replica.toString()} has no vote in its configuration`);
    for (let index = Math.max(applied + 1, log.firstIndex); index <= commit; index++) {
      const entry = log.entryAt(index);
      if (entry !== undefined && entry.type !== EntryType.Normal) {
        violated(this.name, `${replica.toString()} has not applied the committed change of membership at ${index}`);
      }
    }
  }

  #checkLeader(leader: ObservedReplica, type: MessageType): void {
    if (isLeaders(type) && !hasVote(leader)) {
      violated(this.name, `${leader.toString()} sends as leader, and has no vote in its configuration`);
    }
  }
}

function hasVote({ configuration, nodeId }: ObservedReplica): boolean {
  return configuration.voters.includes(nodeId) || configuration.votersOutgoing.includes(nodeId);
}
