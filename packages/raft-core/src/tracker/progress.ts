import { unreachable } from '../invariant.js';
import type { Inflights } from './inflights.js';

/**
 * How a leader sends to a follower. The numbers are stable: they are in trace events.
 *
 * Probe: where the logs meet is not known; one append at a time. Replicate: it is known; appends are pipelined, `next`
 * runs ahead of what is acknowledged. Snapshot: the follower needs one; nothing is appended until it has been taken.
 */
export const ProgressState = { Probe: 0, Replicate: 1, Snapshot: 2 } as const;
export type ProgressState = (typeof ProgressState)[keyof typeof ProgressState];

/** A copy of what a leader knows of one peer. */
export interface ProgressStatus {
  readonly id: number;
  readonly state: ProgressState;
  readonly match: number;
  readonly next: number;
  readonly learner: boolean;
  readonly paused: boolean;
  /** Index of the snapshot on its way; 0: none. */
  readonly pendingSnapshot: number;
  readonly recentActive: boolean;
  /** Append messages on their way. */
  readonly inflight: number;
  /** The window takes no more. */
  readonly inflightFull: boolean;
}

/**
 * What a leader knows of one peer's log (thesis, sections 3.5 and 10.2).
 *
 * Invariant: 0 <= match < next, but for a peer in state Snapshot, whose `next` is one past the snapshot.
 */
export class Progress {
  readonly id: number;
  /** Highest index known to be the same in both logs, and durable there. */
  match: number = 0;
  /** Index of the first entry of the next append. In state Replicate all before it were sent. */
  next: number;
  state: ProgressState = ProgressState.Probe;
  /** In state Snapshot: the index that was sent. 0 otherwise. */
  pendingSnapshot: number = 0;
  /** Anything was heard of the peer since the last quorum check. */
  recentActive: boolean = false;
  /** Appends wait for an acknowledgement or a heartbeat's response. */
  flowPaused: boolean = false;
  learner: boolean;
  /** Highest commit index that was sent, as far as the peer may have received it. */
  sentCommit: number = 0;
  /** Highest position in the queue of reads that a heartbeat's response of this peer confirmed. */
  readAck: number = 0;
  readonly inflights: Inflights;

  constructor(id: number, next: number, learner: boolean, inflights: Inflights) {
    this.id = id;
    this.next = next;
    this.learner = learner;
    this.inflights = inflights;
  }

  /** Forgets everything but membership: a new term has begun. */
  reset(match: number, next: number): void {
    this.match = match;
    this.next = next;
    this.state = ProgressState.Probe;
    this.pendingSnapshot = 0;
    this.recentActive = false;
    this.flowPaused = false;
    this.sentCommit = 0;
    this.readAck = 0;
    this.inflights.reset();
  }

  becomeProbe(): void {
    // After a snapshot that was taken, its index is the best guess.
    const afterSnapshot = this.state === ProgressState.Snapshot ? this.pendingSnapshot + 1 : 0;
    this.#enter(ProgressState.Probe);
    this.next = Math.max(this.match + 1, afterSnapshot);
    this.sentCommit = Math.min(this.sentCommit, this.next - 1);
  }

  becomeReplicate(): void {
    this.#enter(ProgressState.Replicate);
    this.next = this.match + 1;
  }

  becomeSnapshot(index: number): void {
    this.#enter(ProgressState.Snapshot);
    this.pendingSnapshot = index;
    this.next = index + 1;
    this.sentCommit = index;
  }

  /** An append with `count` entries of `bytes` payload, from `next` on, leaves now. */
  sentEntries(count: number, bytes: number): void {
    if (this.state === ProgressState.Replicate) {
      if (count > 0) {
        this.next += count;
        this.inflights.add(this.next - 1, bytes);
      }
      this.flowPaused = this.inflights.full;
    } else if (this.state === ProgressState.Probe) {
      if (count > 0) this.flowPaused = true;
    } else {
      unreachable(`append sent to ${this.id}, which waits for a snapshot`);
    }
  }

  /** Whether sending this commit index now could tell the peer something that is not on its way already. */
  canRaiseCommit(commit: number): boolean {
    return commit > this.sentCommit && this.sentCommit < this.next - 1;
  }

  /** Takes an acknowledgement up to `index`; false when it says nothing new. */
  acknowledge(index: number): boolean {
    if (index <= this.match) return false;
    this.match = index;
    if (this.next <= index) this.next = index + 1;
    this.flowPaused = false;
    return true;
  }

  /**
   * Takes the rejection of an append after `rejected`; `hint` is where the logs may meet. False when it is stale.
   * Messages are reordered and duplicated: what was acknowledged stays acknowledged.
   */
  retreat(rejected: number, hint: number): boolean {
    if (this.state === ProgressState.Replicate) {
      if (rejected <= this.match) return false;
      this.next = this.match + 1;
    } else {
      // Probes go one at a time, so only the last one can be rejected.
      if (this.next - 1 !== rejected) return false;
      this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1);
      this.flowPaused = false;
    }
    this.sentCommit = Math.min(this.sentCommit, this.next - 1);
    return true;
  }

  /** Nothing may be appended now. */
  get paused(): boolean {
    return this.state === ProgressState.Snapshot || this.flowPaused;
  }

  /** A copy for people, tests and trace events. */
  status(): ProgressStatus {
    return {
      id: this.id,
      state: this.state,
      match: this.match,
      next: this.next,
      learner: this.learner,
      paused: this.paused,
      pendingSnapshot: this.pendingSnapshot,
      recentActive: this.recentActive,
      inflight: this.inflights.count,
      inflightFull: this.inflights.count > 0 && this.inflights.full,
    };
  }

  /** A copy that shares nothing, for a change of membership that may yet be refused. */
  clone(): Progress {
    const copy = new Progress(this.id, this.next, this.learner, this.inflights.clone());
    copy.match = this.match;
    copy.state = this.state;
    copy.pendingSnapshot = this.pendingSnapshot;
    copy.recentActive = this.recentActive;
    copy.flowPaused = this.flowPaused;
    copy.sentCommit = this.sentCommit;
    copy.readAck = this.readAck;
    return copy;
  }

  #enter(state: ProgressState): void {
    this.flowPaused = false;
    this.pendingSnapshot = 0;
    this.state = state;
    this.inflights.reset();
  }
}
