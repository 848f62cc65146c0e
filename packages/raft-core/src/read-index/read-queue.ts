import type { Message } from '../message/message.js';

/** A read that waits until a quorum has confirmed that this leader still led when it was asked for. */
export interface PendingRead {
  readonly request: Message;
  /** Commit index when the read was asked for: what it must see. */
  readonly index: number;
}

/**
 * The reads of one leadership that are not confirmed, in order of arrival (thesis, section 6.4; the counter is
 * etcd/raft 3.7's). A read's position never falls and is never used again: a heartbeat carries the position of the last
 * read in the queue, and its response says that its sender still followed after all reads up to there were asked for.
 * So neither a late nor a repeated response can confirm a read that was asked for after its heartbeat.
 */
export class ReadQueue {
  /** Reads that were confirmed and left the queue. */
  confirmed: number = 0;
  private pending: PendingRead[] = [];

  /** Reads that wait. */
  get length(): number {
    return this.pending.length;
  }

  /** Position of the last read in the queue: what heartbeats carry. 0 when nothing waits. */
  get position(): number {
    return this.pending.length === 0 ? 0 : this.lastPosition;
  }

  /** Position of the last read that ever entered. */
  get lastPosition(): number {
    return this.confirmed + this.pending.length;
  }

  /** @returns the read's position */
  add(request: Message, index: number): number {
    this.pending.push({ request, index });
    return this.lastPosition;
  }

  /** Takes the reads up to `position` out of the queue: a quorum has confirmed them. */
  confirmTo(position: number): readonly PendingRead[] {
    const count = Math.min(position, this.lastPosition) - this.confirmed;
    if (count <= 0) return [];
    const done = this.pending.slice(0, count);
    this.pending = this.pending.slice(count);
    this.confirmed += count;
    return done;
  }

  /** A new term: all reads are lost, and positions begin anew. */
  reset(): void {
    this.confirmed = 0;
    this.pending = [];
  }
}
