import type { Snapshot } from '../log/snapshot.js';
import type { Raft } from '../role/raft.js';
import { TraceKind } from '../trace/trace-kind.js';
import { snapshotApplied } from './applied.js';

/**
 * A write is durable: all entries up to `index`, whose last has term `logTerm`, and a snapshot. Index 0: no entries.
 *
 * `term` is this node's as it handed the write out. Entries written in an earlier term may have been replaced since, and
 * are not counted as durable then; a snapshot is committed and stays valid.
 */
export function writeStored(
  raft: Raft,
  term: number,
  index: number,
  logTerm: number,
  snapshot: Snapshot | undefined,
): void {
  if (index !== 0) {
    if (term >= raft.term) {
      raft.log.unstable.stableTo(index, logTerm);
    } else if (raft.trace !== undefined) {
      const kind = TraceKind.LowerTermAppendIgnored;
      raft.trace({ kind, id: raft.id, term: raft.term, messageTerm: term });
    }
  }
  if (snapshot !== undefined) snapshotApplied(raft, snapshot);
}
