import type { Message } from '@flotilla/raft-core';
import type { AppliedConfChange, GroupObserver } from '../group/group-observer.js';
import type { LeaderChange } from '../group/group-status.js';

/**
 * Fans events out to all observers, in the order in which they were added. An observer that throws is a bug: the throw is
 * raised as an uncaught error, after the turn, and disturbs neither the group nor the other observers.
 */
export class Observers implements Required<GroupObserver> {
  #observers: readonly GroupObserver[];

  constructor(observers: readonly GroupObserver[]) {
    this.#observers = observers;
  }

  /** Adds one; the returned function takes it away. */
  add(observer: GroupObserver): () => void {
    this.#observers = [...this.#observers, observer];
    return () => {
      this.#observers = this.#observers.filter((other) => other !== observer);
    };
  }

  /** Whether any of them wants to be told of every message. */
  get hearMessages(): boolean {
    for (const observer of this.#observers) {
      if (observer instanceof Observers ? observer.hearMessages : observer.messageLeaves !== undefined) return true;
    }
    return false;
  }

  leaderChanged(change: LeaderChange): void {
    for (const observer of this.#observers) loudly(() => observer.leaderChanged?.(change));
  }

  confChangeApplied(change: AppliedConfChange): void {
    for (const observer of this.#observers) loudly(() => observer.confChangeApplied?.(change));
  }

  appliedTo(group: number, index: number): void {
    for (const observer of this.#observers) {
      if (observer.appliedTo !== undefined) loudly(() => observer.appliedTo?.(group, index));
    }
  }

  groupStopped(group: number, error: Error): void {
    for (const observer of this.#observers) loudly(() => observer.groupStopped?.(group, error));
  }

  groupAdded(group: number): void {
    for (const observer of this.#observers) loudly(() => observer.groupAdded?.(group));
  }

  groupRemoved(group: number): void {
    for (const observer of this.#observers) loudly(() => observer.groupRemoved?.(group));
  }

  messageLeaves(group: number, message: Message): void {
    for (const observer of this.#observers) loudly(() => observer.messageLeaves?.(group, message));
  }

  snapshotSent(group: number, peer: number, error: Error | undefined): void {
    for (const observer of this.#observers) loudly(() => observer.snapshotSent?.(group, peer, error));
  }
}

function loudly(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
