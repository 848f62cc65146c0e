import { isFlotillaError } from '@flotilla/errors';
import { type Message, MessageType } from '@flotilla/raft-core';
import type { Runtime } from '@flotilla/runtime';
import { decodeRaftBatch, type RaftBatch } from '@flotilla/wire';
import type { GroupSet } from '../multi-raft/group-set.js';
import { Inbox } from './inbox.js';
import type { LoopMetrics } from './loop-metrics.js';
import type { EpochMark } from './peer-network.js';

/** What an intake works with. */
export interface FrameIntakeParts {
  readonly nodeId: number;
  readonly groups: GroupSet;
  readonly runtime: Runtime;
  readonly epoch: EpochMark;
  readonly metrics: LoopMetrics;
  /** Bytes of frames that may wait. */
  readonly bytesMax: number;
}

/**
 * Frames of other nodes on their way into the groups' cores. Nothing that a peer sends does more than count: malformed frames,
 * messages to unknown groups or former incarnations, in the name of a third node, or that the core refuses.
 */
export class FrameIntake {
  readonly #parts: FrameIntakeParts;
  readonly #inbox: Inbox;

  constructor(parts: FrameIntakeParts) {
    this.#parts = parts;
    this.#inbox = new Inbox(parts.bytesMax);
  }

  /** Whether no frame waits. */
  get isEmpty(): boolean {
    return this.#inbox.isEmpty;
  }

  /** Takes the frames of a node in order; those beyond the bound are dropped. */
  push(node: number, frames: readonly Uint8Array[]): void {
    for (const frame of frames) if (!this.#inbox.push(node, frame)) this.#parts.metrics.errors.inbox_full++;
  }

  clear(): void {
    this.#inbox.clear();
  }

  /** Steps what waits, frame by frame, until the deadline, but one frame in any case. */
  stepUntil(deadline: number): void {
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      this.#stepFrame(next.node, next.frame);
      if (this.#parts.runtime.now() >= deadline) return;
    }
  }

  #stepFrame(node: number, frame: Uint8Array): void {
    const { metrics, nodeId, epoch } = this.#parts;
    metrics.framesReceived++;
    metrics.bytesReceived += frame.length;
    let batch: RaftBatch;
    try {
      batch = decodeRaftBatch(frame);
    } catch (error) {
      if (!isFlotillaError(error)) throw error;
      metrics.errors.malformed_frame++;
      return;
    }
    if (batch.from !== node || batch.to !== nodeId) {
      metrics.errors.malformed_frame++;
      return;
    }
    epoch.observe(batch.clusterEpoch);
    const { messages, groups, incarnations } = batch;
    metrics.messagesReceived += messages.length;
    for (let at = 0; at < messages.length; at++) {
      this.#stepMessage(node, groups[at] as number, incarnations[at] as number, messages[at] as Message);
    }
  }

  #stepMessage(node: number, id: number, incarnation: number, message: Message): void {
    const { groups, metrics } = this.#parts;
    const group = groups.get(id);
    if (group === undefined) {
      metrics.errors.unknown_group++;
      return;
    }
    if (group.incarnation !== incarnation) {
      metrics.errors.stale_incarnation++;
      return;
    }
    // A snapshot comes by its own stream, behind its content; a message that says to come from a third node is a lie.
    if (message.type === MessageType.Snap || message.from !== node) {
      metrics.errors.refused_message++;
      return;
    }
    if (group.step(message) !== 'ok') metrics.errors.refused_message++;
    group.wake();
  }
}
