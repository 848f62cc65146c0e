import type { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { Connection, Transport } from '@flotilla/transport';
import type { LocalIdentity, NodeDirectory } from './hello-judgement.js';
import type { PeerEvent } from './peer-event.js';
import type { Requester } from './requester.js';

/** What links need of the parts above them. */
export interface PeerLinksOptions {
  readonly runtime: Runtime;
  readonly transports: readonly Transport[];
  readonly directory: NodeDirectory;
  /** Asked for each hello. */
  readonly identity: () => LocalIdentity;
  /** Answers a request of another node; a rejection travels as an error. */
  readonly serve: (from: Requester, body: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;
  /** A frame that is no Raft batch: heartbeats and pushes. */
  readonly control: (node: number, frame: Uint8Array) => void;
  /**
   * A node that is not known here calls itself a member: ask it what it knows. Once that is taken in, it is judged again, and let in or not.
   * Without it such nodes are refused.
   */
  readonly stranger?: (request: (body: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>) => Promise<void>;
  /** A client connection, not yet attached. */
  readonly client: (connection: Connection) => void;
  /** Another node's hello carries this cluster epoch. */
  readonly epochSeen: (epoch: number) => void;
  /** A usable connection to the node, in this of its lives, exists where none was. Called before the loops hear of it. */
  readonly connected?: (node: number, hostEpoch: number) => void;
  /** The connection to the node was exchanged for another one to the same life of it, without one being missing here. */
  readonly reconnected?: (node: number) => void;
  /** The last usable connection to the node is gone; `dropped`: because the node is a member no more. */
  readonly broken?: (node: number, why: BreakKind) => void;
  /** A dial of the node found nobody at its address. */
  readonly unreachable?: (node: number) => void;
  /** Frames of the node arrived, of whatever kind. */
  readonly heard?: (node: number) => void;
  /** A member refused this node as one that the cluster does not know any more. */
  readonly disowned?: (error: FlotillaError) => void;
  /** The worker that holds the group of a snapshot stream, by the stream's header (default: worker 0). */
  readonly workerOf?: (header: Uint8Array) => number;
  readonly onEvent?: (event: PeerEvent) => void;
  readonly timing?: Partial<LinkTiming>;
}

/** Why a link broke: its connection ended, or the node is a member no more. */
export type BreakKind = 'reset' | 'dropped';

/** When links are dialled (ms). */
export interface LinkTiming {
  readonly redialFirstMs: number;
  readonly redialMaxMs: number;
  /** The node with the higher id leaves the lower one this long to dial first; after a break no longer than `redialFirstMs`. */
  readonly higherIdWaitsMs: number;
  readonly dialTimeoutMs: number;
}

/** Defaults of LinkTiming. */
export const DEFAULT_LINK_TIMING: LinkTiming = {
  redialFirstMs: 50,
  redialMaxMs: 1_000,
  higherIdWaitsMs: 200,
  dialTimeoutMs: 5_000,
};
