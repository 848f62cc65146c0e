import type { IncomingStream, OutgoingStream } from '@flotilla/transport';

/**
 * What the loop needs of the connections to other nodes. Best effort: frames of one connection arrive in order or not at all.
 *
 * There is at most one usable connection a peer; which one, and when to dial again, is not the loop's business.
 */
export interface PeerNetwork {
  /** Called once, before anything is delivered. */
  attach(events: PeerEvents): void;
  /**
   * Queues one frame. False, and the frame is dropped, when there is no connection or its queue is full; the loop then reports
   * the peer unreachable to its groups. The bytes are not changed later.
   */
  send(node: number, frame: Uint8Array): boolean;
  /** Opens a byte stream for a snapshot. Rejects with Unreachable, ConnectionClosed or Aborted. */
  openSnapshotStream(node: number, header: Uint8Array, signal: AbortSignal): Promise<OutgoingStream>;
  /** The disk failed: break all connections at once, so that leadership moves. */
  breakAll(error: Error): void;
}

/** What the network calls back, in order of arrival, never from inside a call of the loop. */
export interface PeerEvents {
  /** Raft frames of one turn. The bytes may be kept; they are not reused. */
  frames(node: number, frames: readonly Uint8Array[]): void;
  /** A usable connection to the node exists where none was. */
  connected(node: number): void;
  /** The last usable connection broke: the node is reported unreachable to every group with that peer. */
  broken(node: number): void;
  /** A snapshot stream that the node opened. The receiver answers or aborts it. */
  snapshotStream(node: number, stream: IncomingStream): void;
}

/** The cluster epoch: carried with every batch; a higher one raises the local mark. */
export interface EpochMark {
  /** The highest epoch seen by this node. */
  current(): number;
  /** An epoch that arrived with a batch of another node; lower ones are ignored. */
  observe(epoch: number): void;
}
