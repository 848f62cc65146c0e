import { EntryType, type Entry } from '../log/entry.js';
import type { Raft } from '../role/raft.js';

/** Proposals of a MsgProp as entries of this leader's log, and whether any is a change of membership. */
export function ownEntries(
  raft: Raft,
  proposed: readonly Entry[],
): { readonly entries: Entry[]; readonly hasConfChange: boolean } {
  const first = raft.log.lastIndex + 1;
  let hasConfChange = false;
  const entries = proposed.map(({ type, data }, at) => {
    if (type !== EntryType.Normal) hasConfChange = true;
    return { term: raft.term, index: first + at, type, data };
  });
  return { entries, hasConfChange };
}
