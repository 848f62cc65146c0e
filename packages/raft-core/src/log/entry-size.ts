import { EntryType, type Entry } from './entry.js';

/**
 * Bytes of an entry in etcd/raft's protobuf form, which is what its limits of messages and of Ready count: term, index, the
 * type unless it is Normal, the payload unless it is empty. Arithmetic: nothing is encoded.
 */
export function entrySize(entry: Entry): number {
  const payload = entry.data.length;
  // A tag is one byte; so is a type.
  let size = 2 + varintSize(entry.term) + varintSize(entry.index);
  if (entry.type !== EntryType.Normal) size += 2;
  if (payload > 0) size += 1 + varintSize(payload) + payload;
  return size;
}

/** Sum of `entrySize`. */
export function entriesSize(entries: readonly Entry[]): number {
  let total = 0;
  for (let i = 0; i < entries.length; i++) total += entrySize(entries[i] as Entry);
  return total;
}

/** Sum of the payloads, which is what the limits of uncommitted and inflight bytes count. An empty entry is free. */
export function payloadSize(entries: readonly Entry[]): number {
  let total = 0;
  for (let i = 0; i < entries.length; i++) total += (entries[i] as Entry).data.length;
  return total;
}

/**
 * How many entries of `entries[from, to)` fit into `maxBytes`, the first of them always.
 * 0 only when the range is empty.
 */
export function countWithin(entries: readonly Entry[], from: number, to: number, maxBytes: number): number {
  if (maxBytes === Infinity || to - from <= 1) return to - from;
  let total = 0;
  for (let i = from; i < to; i++) {
    total += entrySize(entries[i] as Entry);
    if (total > maxBytes && i > from) return i - from;
  }
  return to - from;
}

function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  if (value < 0x10000000) return 4;
  if (value < 0x800000000) return 5;
  if (value < 0x40000000000) return 6;
  if (value < 0x2000000000000) return 7;
  return 8;
}
