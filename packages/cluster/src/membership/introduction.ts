import { toFlotillaError } from '@flotilla/errors';
import { METADATA_GROUP, type NodeInfo } from '@flotilla/routing';
import { delay, type Runtime } from '@flotilla/runtime';
import type { PeerEvent } from '../liveness/peer-event.js';
import type { TopologyChange } from '../metadata/metadata-entry.js';

/** What a node says of itself, and how. */
export interface IntroductionOptions {
  readonly runtime: Runtime;
  readonly incarnation: string;
  /** What this node advertises. */
  readonly addresses: readonly string[];
  /** What the cluster knows of this node. */
  readonly self: () => NodeInfo | undefined;
  /** Through group 0's leader, wherever that is. */
  readonly propose: (change: TopologyChange) => Promise<unknown>;
  readonly onEvent: (event: PeerEvent) => void;
  /** The node stops. */
  readonly signal: AbortSignal;
}

/** Wait before this node tells the cluster about itself again (ms). */
const RETRY_MS = 300;

/** Tells the cluster that this node serves, and where it is now; resolves once the cluster knows, or the node stops. */
export async function introduce(options: IntroductionOptions): Promise<void> {
  const { runtime, incarnation, addresses, propose, onEvent, signal } = options;
  for (;;) {
    const self = options.self();
    if (signal.aborted || self === undefined) return;
    const hasMoved = self.addresses.join() !== addresses.join();
    if (!hasMoved && self.state !== 'joining') return;
    try {
      if (hasMoved) await propose({ kind: 'admit', request: { ...self, addresses }, learnerOf: [] });
      if (self.state === 'joining') await propose({ kind: 'activate', node: self.id, incarnation });
    } catch (error) {
      if (signal.aborted) return;
      onEvent({ name: 'rpc.failed', group: METADATA_GROUP, peer: 0, error: toFlotillaError(error).message });
    }
    await delay(runtime, RETRY_MS, signal).catch(() => {
      // The node stops: the loop ends.
    });
  }
}
