import { isOpenEnd, type KeyRange } from '../protocol/key-range.js';
import { keyspacePrefix } from '../protocol/keyspace.js';
import { toOneByteString } from '../protocol/one-byte-string.js';

/** The composite keys in [low, high). */
export interface CompositeRange {
  readonly low: string;
  readonly high: string;
  /** The range is the key `low` alone. */
  readonly single: boolean;
}

/** A user's range in a keyspace as composite keys. */
export function compositeRange(keyspace: number, range: KeyRange): CompositeRange {
  const prefix = keyspacePrefix(keyspace);
  const low = prefix + toOneByteString(range.key);
  if (range.end === undefined) return { low, high: `${low}\0`, single: true };
  const high = isOpenEnd(range.end) ? keyspacePrefix(keyspace + 1) : prefix + toOneByteString(range.end);
  return { low, high, single: false };
}
