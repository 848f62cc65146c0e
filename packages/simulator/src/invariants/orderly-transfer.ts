import { TraceKind } from '@flotilla/raft-core';
import type { Observation } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';

/**
 * A leader that hands over leadership calls on nobody to campaign who has no vote, or has not all of its log durably; and it appends nothing
 * from the moment on in which it began (thesis, section 3.10).
 */
export class OrderlyTransfer implements Invariant {
  readonly name = 'orderly-transfer';
  readonly hears: readonly TraceKind[] = [
    TraceKind.TransferStarted,
    TraceKind.TransferAborted,
    TraceKind.TransferEnded,
    TraceKind.RoleChanged,
    TraceKind.TimeoutNowSent,
    TraceKind.EntriesAppended,
  ];
  readonly #transferring = new WeakSet<ObservedReplica>();

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'trace' || subject === undefined) return;
    const { event } = observation;
    switch (event.kind) {
      case TraceKind.TransferStarted:
        this.#transferring.add(subject);
        return;
      case TraceKind.EntriesAppended:
        if (subject.isLeader && this.#transferring.has(subject)) {
          violated(this.name, `${subject.toString()} appended ${event.firstIndex} while it hands over leadership`);
        }
        return;
      case TraceKind.TimeoutNowSent:
        return this.#checkTarget(subject, event.to);
      default:
        this.#transferring.delete(subject);
    }
  }

  #checkTarget(leader: ObservedReplica, to: number): void {
    const { log, group, configuration } = leader;
    const text = `${leader.toString()} calls on ${to} to campaign`;
    if (!configuration.voters.includes(to) && !configuration.votersOutgoing.includes(to)) {
      violated(this.name, `${text}, which has no vote`);
    }
    const { lastIndex } = log;
    if (group.disks.get(to)?.holds(lastIndex, log.termAt(lastIndex)) !== true) {
      violated(this.name, `${text}, which lacks entries up to ${lastIndex}`);
    }
  }
}
