import { isFlotillaError } from '@flotilla/errors';
import type { Message } from '@flotilla/raft-core';
import { RaftBatchEncoder } from '@flotilla/wire';
import type { Group } from '../group/group.js';
import type { Observers } from '../multi-raft/observers.js';
import type { LoopMetrics } from './loop-metrics.js';
import type { PeerNetwork } from './peer-network.js';

interface PeerBatch {
  readonly node: number;
  readonly encoder: RaftBatchEncoder;
  /** Groups with a message in the batch, some of them twice. */
  groups: Group[];
}

/**
 * What a turn has for the peers: one batch each, all groups together, heartbeats first, cut at 1 MiB. What a connection refuses is
 * dropped, and the peer is reported unreachable to the groups concerned; a peer that is down costs no more than that.
 */
export class Outbox {
  readonly #nodeId: number;
  readonly #peers: PeerNetwork;
  readonly #metrics: LoopMetrics;
  readonly #observers: Observers;
  readonly #batches = new Map<number, PeerBatch>();
  #filled: PeerBatch[] = [];

  constructor(nodeId: number, peers: PeerNetwork, metrics: LoopMetrics, observers: Observers) {
    this.#observers = observers;
    this.#nodeId = nodeId;
    this.#peers = peers;
    this.#metrics = metrics;
  }

  /** Puts a message into the batch of its addressee. */
  add(group: Group, message: Message): void {
    const batch = this.#batchFor(message.to);
    try {
      batch.encoder.add(group.id, group.incarnation, message);
    } catch (error) {
      if (!isFlotillaError(error, 'LimitExceeded')) throw error;
      this.#metrics.errors.refused_message++;
      group.reportUnreachable(message.to);
      return;
    }
    if (batch.groups.length === 0) this.#filled.push(batch);
    batch.groups.push(group);
    this.#metrics.messagesSent++;
    if (this.#observers.hearMessages) this.#observers.messageLeaves(group.id, message);
  }

  /** Sends what was added since the last time. */
  flush(epoch: number): void {
    if (this.#filled.length === 0) return;
    const filled = this.#filled;
    this.#filled = [];
    for (const batch of filled) {
      const { groups } = batch;
      batch.groups = [];
      let refused = false;
      for (const frame of batch.encoder.finish(epoch)) {
        if (this.#peers.send(batch.node, frame)) {
          this.#metrics.framesSent++;
          this.#metrics.bytesSent += frame.length;
        } else {
          this.#metrics.framesRefused++;
          refused = true;
        }
      }
      if (refused) for (const group of groups) if (group.isLeader) group.reportUnreachable(batch.node);
    }
  }

  /** Forgets what was added and not sent. */
  clear(): void {
    for (const batch of this.#filled) {
      batch.encoder.reset();
      batch.groups = [];
    }
    this.#filled = [];
  }

  #batchFor(node: number): PeerBatch {
    let batch = this.#batches.get(node);
    if (batch === undefined) {
      batch = { node, encoder: new RaftBatchEncoder({ from: this.#nodeId, to: node }), groups: [] };
      this.#batches.set(node, batch);
    }
    return batch;
  }
}
