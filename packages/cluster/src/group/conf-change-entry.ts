import { invariant } from '@flotilla/errors';
import {
  type ConfChange,
  type ConfChangeV2,
  decodeConfChange,
  decodeConfChangeV2,
  type Entry,
  EntryType,
} from '@flotilla/raft-core';

/**
 * The membership change that an entry holds.
 *
 * @throws InvariantViolation for bytes that are none: a committed entry that cannot be read stops its group, it is never skipped.
 */
export function readConfChange(entry: Entry): ConfChange | ConfChangeV2 {
  const change = entry.type === EntryType.ConfChange ? decodeConfChange(entry.data) : decodeConfChangeV2(entry.data);
  invariant(
    change.kind !== 'malformed',
    () =>
      `entry ${entry.index} of term ${entry.term} is no membership change: ${change.kind === 'malformed' ? change.reason : ''}`,
  );
  return change;
}

/** The nodes that a change names, in its order. */
export function namedBy(change: ConfChange | ConfChangeV2): readonly number[] {
  return change.kind === 'v1' ? [change.nodeId] : change.changes.map((single) => single.nodeId);
}
