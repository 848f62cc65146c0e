import { invariant, unreachable } from '../invariant.js';
import type { Progress } from '../tracker/progress.js';
import type { ProgressTracker } from '../tracker/progress-tracker.js';
import { ConfChangeType, type ConfChangeSingle } from './conf-change.js';
import { isJoint, type Configuration } from './configuration.js';

/** A membership and the progress of its members, ascending by id. */
export interface ChangedConfiguration {
  readonly ok: true;
  readonly configuration: Configuration;
  readonly progress: readonly Progress[];
}

/** A change that the rules of membership forbid, and why, in etcd/raft's words. */
export interface RefusedConfiguration {
  readonly ok: false;
  readonly error: ConfChangeError;
}

/** Every reason to refuse a change. */
export type ConfChangeError =
  | 'config is already joint'
  | "can't make a zero-voter config joint"
  | "can't leave a non-joint config"
  | "can't apply simple config change in joint config"
  | 'more than one voter changed without entering joint config'
  | 'removed all voters';

/** Result of a change: nothing of what it was computed from has been touched. */
export type ChangeResult = ChangedConfiguration | RefusedConfiguration;

/**
 * Computes what becomes of a membership by a change: simple (thesis, section 4.1) or joint (section 4.3).
 * Pure: the tracker is read, never written.
 */
export class Changer {
  private readonly tracker: ProgressTracker;
  private readonly lastIndex: number;

  /** `lastIndex`: of the leader's log; where probing of new members begins. */
  constructor(tracker: ProgressTracker, lastIndex: number) {
    this.tracker = tracker;
    this.lastIndex = lastIndex;
  }

  /** At most one voter comes or goes; learners as many as you like. */
  simple(changes: readonly ConfChangeSingle[]): ChangeResult {
    const { configuration } = this.tracker;
    if (isJoint(configuration)) return refused("can't apply simple config change in joint config");
    const draft = this.draft();
    draft.apply(changes);
    if (draft.voters.size === 0) return refused('removed all voters');
    if (symmetricDifference(configuration.voters, draft.voters) > 1) {
      return refused('more than one voter changed without entering joint config');
    }
    return draft.finish();
  }

  /** From here on both the old and the new voters must agree, until the joint configuration is left. */
  enterJoint(autoLeave: boolean, changes: readonly ConfChangeSingle[]): ChangeResult {
    const { configuration } = this.tracker;
    if (isJoint(configuration)) return refused('config is already joint');
    if (configuration.voters.length === 0) return refused("can't make a zero-voter config joint");
    const draft = this.draft();
    for (const id of configuration.voters) draft.votersOutgoing.add(id);
    draft.apply(changes);
    if (draft.voters.size === 0) return refused('removed all voters');
    draft.autoLeave = autoLeave;
    return draft.finish();
  }

  /** The old voters go; those that were to become learners do. */
  leaveJoint(): ChangeResult {
    if (!isJoint(this.tracker.configuration)) return refused("can't leave a non-joint config");
    const draft = this.draft();
    draft.leave();
    return draft.finish();
  }

  private draft(): Draft {
    return new Draft(this.tracker, Math.max(this.lastIndex, 1));
  }
}

/** A membership on its way from one valid state to the next. */
class Draft {
  readonly voters: Set<number>;
  readonly votersOutgoing: Set<number>;
  readonly learners: Set<number>;
  readonly learnersNext: Set<number>;
  autoLeave: boolean;
  private readonly members: Map<number, Progress> = new Map();
  private readonly tracker: ProgressTracker;
  private readonly next: number;

  constructor(tracker: ProgressTracker, next: number) {
    const { configuration } = tracker;
    this.voters = new Set(configuration.voters);
    this.votersOutgoing = new Set(configuration.votersOutgoing);
    this.learners = new Set(configuration.learners);
    this.learnersNext = new Set(configuration.learnersNext);
    this.autoLeave = configuration.autoLeave;
    for (const progress of tracker.progress) this.members.set(progress.id, progress.clone());
    this.tracker = tracker;
    this.next = next;
  }

  apply(changes: readonly ConfChangeSingle[]): void {
    for (const change of changes) {
      // Node 0 is nobody: a change that its host has made void.
      if (change.nodeId === 0) continue;
      switch (change.type) {
        case ConfChangeType.AddNode:
          this.makeVoter(change.nodeId);
          break;
        case ConfChangeType.AddLearnerNode:
          this.makeLearner(change.nodeId);
          break;
        case ConfChangeType.RemoveNode:
          this.remove(change.nodeId);
          break;
        case ConfChangeType.UpdateNode:
          break;
        default:
          unreachable(`change of membership of unknown type ${String(change.type)}`);
      }
    }
  }

  leave(): void {
    for (const id of this.learnersNext) {
      this.learners.add(id);
      this.member(id).learner = true;
    }
    this.learnersNext.clear();
    for (const id of this.votersOutgoing) {
      if (!this.voters.has(id) && !this.learners.has(id)) this.members.delete(id);
    }
    this.votersOutgoing.clear();
    this.autoLeave = false;
  }

  finish(): ChangedConfiguration {
    const configuration: Configuration = {
      voters: ascending(this.voters),
      learners: ascending(this.learners),
      votersOutgoing: ascending(this.votersOutgoing),
      learnersNext: ascending(this.learnersNext),
      autoLeave: this.autoLeave,
    };
    const progress = ascending(this.members.keys()).map((id) => this.member(id));
    checkConfiguration(configuration, progress);
    return { ok: true, configuration, progress };
  }

  private makeVoter(id: number): void {
    const progress = this.members.get(id);
    if (progress === undefined) {
      this.members.set(id, this.tracker.newProgress(id, this.next, false));
    } else {
      progress.learner = false;
      this.learners.delete(id);
      this.learnersNext.delete(id);
    }
    this.voters.add(id);
  }

  private makeLearner(id: number): void {
    const progress = this.members.get(id);
    if (progress === undefined) {
      this.members.set(id, this.tracker.newProgress(id, this.next, true));
      this.learners.add(id);
      return;
    }
    if (progress.learner) return;
    this.remove(id);
    this.members.set(id, progress);
    if (this.votersOutgoing.has(id)) {
      // Still a voter of the old half: it becomes a learner when the joint configuration is left.
      this.learnersNext.add(id);
    } else {
      progress.learner = true;
      this.learners.add(id);
    }
  }

  private remove(id: number): void {
    if (!this.members.has(id)) return;
    this.voters.delete(id);
    this.learners.delete(id);
    this.learnersNext.delete(id);
    if (!this.votersOutgoing.has(id)) this.members.delete(id);
  }

  private member(id: number): Progress {
    return this.members.get(id) ?? unreachable(`no progress for ${id}`);
  }
}

/** Asserts the invariants of a membership (see `Configuration`) and of its progress. */
export function checkConfiguration(configuration: Configuration, progress: readonly Progress[]): void {
  const { voters, votersOutgoing, learners, learnersNext } = configuration;
  const known = new Map(progress.map((one) => [one.id, one]));
  for (const ids of [voters, votersOutgoing, learners, learnersNext]) {
    for (const id of ids) invariant(known.has(id), () => `no progress for ${id}`);
  }
  for (const id of learnersNext) {
    invariant(votersOutgoing.includes(id), () => `${id} is in learnersNext, but not in votersOutgoing`);
    invariant(known.get(id)?.learner === false, () => `${id} is in learnersNext, but is a learner already`);
  }
  for (const id of learners) {
    invariant(!voters.includes(id) && !votersOutgoing.includes(id), () => `${id} is a learner and a voter`);
    invariant(known.get(id)?.learner === true, () => `${id} is in learners, but is not marked as one`);
  }
  if (!isJoint(configuration)) {
    invariant(learnersNext.length === 0, () => 'learnersNext outside a joint configuration');
    invariant(!configuration.autoLeave, () => 'autoLeave outside a joint configuration');
  }
}

function refused(error: ConfChangeError): RefusedConfiguration {
  return { ok: false, error };
}

function ascending(ids: Iterable<number>): number[] {
  return [...ids].sort((a, b) => a - b);
}

function symmetricDifference(before: readonly number[], after: ReadonlySet<number>): number {
  let kept = 0;
  for (const id of before) if (after.has(id)) kept++;
  return before.length - kept + (after.size - kept);
}
