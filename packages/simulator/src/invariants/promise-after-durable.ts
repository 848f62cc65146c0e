import { type Message, MessageType } from '@flotilla/raft-core';
import { DiskImage } from '../observation/disk-image.js';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';
import { text } from './monotonic-term-and-vote.js';

/**
 * What a message promises is on the disk before it leaves (Raft paper, figure 2, persistent state):
 *
 * - a granted vote: term and vote;
 * - an acknowledgement of entries: all of them, or a snapshot that reaches them, as long as the node is in that term; what a later term made
 *   it overwrite need never have been written, for its vote in that later term is. While the disk is still in that term, what it holds there is
 *   what counts, whatever has replaced it in memory: nothing of the later term has been promised;
 * - a request for votes: the candidate's term and its vote for itself. Without that it could be elected by others, die, forget that it
 *   campaigned, and lead the same term again with other entries.
 */
export class PromiseAfterDurable implements Invariant {
  readonly name = 'promise-after-durable';
  readonly hears: readonly ObservationKind[] = ['message-leaves'];

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'message-leaves' || subject === undefined) return;
    const { message } = observation;
    switch (message.type) {
      case MessageType.Vote:
        return this.#checkVote(subject, message, message.from);
      case MessageType.VoteResp:
        return message.reject ? undefined : this.#checkVote(subject, message, message.to);
      case MessageType.AppResp:
        return message.reject ? undefined : this.#checkEntries(subject, message);
      default:
    }
  }

  #checkVote(replica: ObservedReplica, { term }: Message, candidate: number): void {
    const { hardState } = imageOf(replica);
    if (hardState.term > term || (hardState.term === term && hardState.vote === candidate)) return;
    const what = `${replica.toString()} gives its vote in term ${term} to ${candidate}`;
    violated(this.name, `${what}, and its disk holds ${text(hardState)}`);
  }

  #checkEntries(replica: ObservedReplica, { term, index }: Message): void {
    const image = imageOf(replica);
    if (image.hardState.term > term || index <= (image.snapshotMark?.index ?? 0)) return;
    const own = replica.log.termAt(index);
    if (index <= image.log.lastIndex && (own < 0 || image.holds(index, own))) return;
    // In memory a later term, of which the disk need not know, has put another entry in the place of the one that is acknowledged.
    const written = image.log.termAt(index);
    if (own > term && written >= 0 && written <= term) return;
    const what = `${replica.toString()} acknowledges entries up to ${index} in term ${term}`;
    violated(
      this.name,
      `${what}, and on its disk the log ends at ${image.log.lastIndex} (term ${image.log.termAt(image.log.lastIndex)})`,
    );
  }
}

/** What the disk of a replica holds of its group. */
export function imageOf({ machine, group }: ObservedReplica): DiskImage {
  return machine.disk.get(group.id) ?? new DiskImage(group.id);
}
