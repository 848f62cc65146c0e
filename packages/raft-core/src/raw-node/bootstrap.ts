import { encodeConfChange } from '../conf-change/codec.js';
import { ConfChangeType, type ConfChange } from '../conf-change/conf-change.js';
import { applyConfChange } from '../conf-change/switch.js';
import { invariant } from '../invariant.js';
import { EntryType, NO_BYTES } from '../log/entry.js';
import { isNumber } from '../message/validate.js';
import type { Raft } from '../role/raft.js';
import { becomeFollower } from '../role/transition.js';

/** A founding member of a group. */
export interface BootstrapPeer {
  readonly id: number;
  /** Handed back with the change of membership that adds it. Default: none. */
  readonly context?: Uint8Array;
}

/** See `RawNode.bootstrap`. @throws RaftInvariantError where the node has a past, or the peers are none or no node ids */
export function bootstrap(raft: Raft, peers: readonly BootstrapPeer[]): void {
  const { log } = raft;
  invariant(peers.length > 0, () => 'bootstrap needs at least one peer');
  invariant(
    log.lastIndex === 0 && raft.term === 0,
    () => `bootstrap of a node that has a log up to ${log.lastIndex} and term ${raft.term}`,
  );
  becomeFollower(raft, 1, 0);
  const changes = peers.map(({ id, context }): ConfChange => {
    invariant(isNumber(id) && id > 0, () => `bootstrap with node id ${String(id)}`);
    return { kind: 'v1', type: ConfChangeType.AddNode, nodeId: id, context: context ?? NO_BYTES };
  });
  log.append(
    changes.map((change, at) => ({
      term: 1,
      index: at + 1,
      type: EntryType.ConfChange,
      data: encodeConfChange(change),
    })),
  );
  log.commitTo(peers.length);
  // In effect at once, so that a founder can campaign; they take effect again, to no effect, when they are applied.
  for (const change of changes) applyConfChange(raft, change);
}
