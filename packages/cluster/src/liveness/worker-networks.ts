import type { IncomingStream } from '@flotilla/transport';
import { FrameKind } from '@flotilla/wire';
import type { PeerEvents } from '../raft-loop/peer-network.js';
import { takesNoSnapshots } from './link-errors.js';

/** Where what arrives goes beside the loops. */
export interface WorkerNetworksOptions {
  /** The worker that holds the group of a snapshot stream, by the stream's header (default: worker 0). */
  readonly workerOf?: ((header: Uint8Array) => number) | undefined;
  /** A frame that is no Raft batch. */
  readonly control: (node: number, frame: Uint8Array) => void;
}

/** The loops of all workers, as those who hear of other nodes: each takes what is of its groups. */
export class WorkerNetworks {
  readonly #options: WorkerNetworksOptions;
  readonly #workers: (PeerEvents | undefined)[] = [];

  constructor(options: WorkerNetworksOptions) {
    this.#options = options;
  }

  attach(worker: number, events: PeerEvents): void {
    this.#workers[worker] = events;
  }

  connected(node: number): void {
    for (const worker of this.#workers) worker?.connected(node);
  }

  broken(node: number): void {
    for (const worker of this.#workers) worker?.broken(node);
  }

  /** Frames of one turn: Raft batches for the loops, in their order; the others are control frames. */
  frames(node: number, frames: readonly Uint8Array[]): void {
    let raft: Uint8Array[] | undefined;
    for (const [position, frame] of frames.entries()) {
      if (frame[0] === FrameKind.RaftBatch) raft?.push(frame);
      else {
        raft ??= frames.slice(0, position);
        this.#options.control(node, frame);
      }
    }
    const batches = raft ?? frames;
    if (batches.length === 0) return;
    for (const worker of this.#workers) worker?.frames(node, batches);
  }

  snapshotStream(node: number, stream: IncomingStream): void {
    const worker = this.#workers[this.#options.workerOf?.(stream.header) ?? 0];
    if (worker === undefined) stream.abort(takesNoSnapshots());
    else worker.snapshotStream(node, stream);
  }
}
