import type { Entry } from '../log/entry.js';
import { payloadSize } from '../log/entry-size.js';
import type { Raft } from '../role/raft.js';

/**
 * Appends a leader's own entries, which carry its term and follow its log. The leader acknowledges them to itself once
 * they are durable, as any follower does (thesis, section 10.2.1).
 *
 * @returns false, and nothing happens, when the limit of uncommitted bytes forbids it
 */
export function appendOwnEntries(raft: Raft, entries: readonly Entry[]): boolean {
  if (raft.config.maxUncommittedSizeBytes !== Infinity) {
    const size = payloadSize(entries);
    // An empty payload always passes: a new leader's entry, and leaving a joint configuration. So does the first
    // proposal, however large, or it could never be made.
    const wouldExceed = raft.uncommittedBytes + size > raft.config.maxUncommittedSizeBytes;
    if (raft.uncommittedBytes > 0 && size > 0 && wouldExceed) return false;
    raft.uncommittedBytes += size;
  }
  raft.log.append(entries);
  raft.acknowledge(raft.id, raft.log.lastIndex);
  return true;
}

/** Entries with this payload were applied. An estimate: a new leader does not know what it inherited. */
export function releaseUncommitted(raft: Raft, bytes: number): void {
  raft.uncommittedBytes = Math.max(0, raft.uncommittedBytes - bytes);
}
