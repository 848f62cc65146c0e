import type { AppliedConfChange } from '@flotilla/cluster';
import { type ConfState, confStatesEqual, isJoint, MessageType, TraceKind } from '@flotilla/raft-core';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedGroup } from '../observation/observed-group.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';

/**
 * The configuration of a group is a function of its committed log: whoever applies the change at an index comes from the same configuration and
 * comes to the same one, and a snapshot carries the one in effect at its index. Each step leaves majorities that overlap: one voter at a time,
 * or into a joint configuration and out of it (thesis, sections 4.1 and 4.3).
 */
export class OneConfigurationHistory implements Invariant {
  readonly name = 'one-configuration-history';
  readonly hears: readonly (TraceKind | ObservationKind)[] = ['conf-change', 'append', TraceKind.MessageSent];

  observe(observation: Observation, { subject, machine, groups }: ObservedCluster): void {
    switch (observation.kind) {
      case 'conf-change':
        if (subject !== undefined) this.#checkChange(subject, observation.change);
        return;
      case 'append':
        for (const { group: id, snapshotMark } of observation.batch) {
          const group = groups.get(id);
          if (snapshotMark === undefined || group === undefined) continue;
          this.#checkSnapshot(group, snapshotMark, `the snapshot of ${machine?.name ?? ''}`);
        }
        return;
      case 'trace': {
        const { event } = observation;
        if (event.kind !== TraceKind.MessageSent || event.message.type !== MessageType.Snap) return;
        const { snapshot } = event.message;
        if (snapshot === undefined || subject === undefined) return;
        this.#checkSnapshot(subject.group, snapshot, `the snapshot that ${subject.toString()} sends`);
        return;
      }
      default:
    }
  }

  #checkChange(replica: ObservedReplica, { index, before, after }: AppliedConfChange): void {
    const { group } = replica;
    const change = `${replica.toString()} applied the change of membership at ${index}`;
    if (index > group.committed.lastIndex) violated(this.name, `${change}, which nobody committed`);
    // What a group was founded with is in effect at once on its founders, and comes one by one to whoever replays the log.
    if (index < group.foundingEntries) return;
    const known = group.configurations.madeAt(index);
    if (known !== undefined && !confStatesEqual(known.configuration, after)) {
      violated(this.name, `${change} and came to ${words(after)}; another came to ${words(known.configuration)}`);
    }
    if (index <= group.foundingEntries) return;
    const earlier = group.configurations.inEffectAt(index - 1);
    if (earlier !== undefined && !confStatesEqual(earlier.configuration, before)) {
      violated(
        this.name,
        `${change} coming from ${words(before)}; the change at ${earlier.index} had made ${words(earlier.configuration)}`,
      );
    }
    if (!overlaps(before, after))
      violated(this.name, `${change}, from ${words(before)} to ${words(after)} in one step`);
  }

  #checkSnapshot(
    group: ObservedGroup,
    { index, confState }: { index: number; confState: ConfState },
    what: string,
  ): void {
    const known = group.configurations.inEffectAt(index);
    if (index < group.foundingEntries || known === undefined || confStatesEqual(known.configuration, confState)) return;
    const text = `${what} of group ${group.id} at ${index} says ${words(confState)}`;
    violated(this.name, `${text}, and the change at ${known.index} had made ${words(known.configuration)}`);
  }
}

/** Whether every majority of one configuration shares a voter with every majority of the other. */
function overlaps(before: ConfState, after: ConfState): boolean {
  if (isJoint(before)) return same(before.voters, after.voters) && !isJoint(after);
  if (isJoint(after)) return same(before.voters, after.votersOutgoing);
  const added = after.voters.filter((id) => !before.voters.includes(id)).length;
  const removed = before.voters.filter((id) => !after.voters.includes(id)).length;
  return added + removed <= 1;
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id) => b.includes(id));
}

/** A configuration as text, such as `voters 1 2 3, learners 4`. */
export function words({ voters, learners, votersOutgoing, learnersNext }: ConfState): string {
  const parts = [`voters ${voters.join(' ')}`];
  if (votersOutgoing.length > 0) parts.push(`outgoing ${votersOutgoing.join(' ')}`);
  if (learners.length > 0) parts.push(`learners ${learners.join(' ')}`);
  if (learnersNext.length > 0) parts.push(`learners next ${learnersNext.join(' ')}`);
  return parts.join(', ');
}
