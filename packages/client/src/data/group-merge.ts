import { compare } from '@flotilla/bytes';
import type { KeyValue, SortOrder, SortTarget } from '@flotilla/kv/protocol';
import type { GroupRange } from './answers.js';

/** Which of two pairs comes first: below 0, the first. */
export type PairOrder = (a: KeyValue, b: KeyValue) => number;

/** The order that a group sorts its answer in; ties in ascending order of keys. */
export function pairOrder(target: SortTarget, order: SortOrder): PairOrder {
  const sign = order === 'descend' ? -1 : 1;
  if (target === 'key') return (a, b) => sign * compare(a.key, b.key);
  const by = BY_TARGET[target];
  return (a, b) => sign * by(a, b) || compare(a.key, b.key);
}

const BY_TARGET: { readonly [T in Exclude<SortTarget, 'key'>]: PairOrder } = {
  version: (a, b) => a.version - b.version,
  create: (a, b) => a.createRevision - b.createRevision,
  mod: (a, b) => a.modRevision - b.modRevision,
  value: (a, b) => compare(a.value, b.value),
};

/**
 * The first `limit` pairs of what all groups hold, in order. It ends early where a group's answer is used up though the group
 * has more: what comes next is then not known.
 */
export function mergeRanges(
  parts: readonly GroupRange[],
  order: PairOrder,
  limit: number,
): { readonly kvs: readonly KeyValue[]; readonly more: boolean } {
  const taken = parts.map(() => 0);
  const merged: KeyValue[] = [];
  for (;;) {
    let best = -1;
    let bestKv: KeyValue | undefined;
    let cut = false;
    for (const [at, { answer }] of parts.entries()) {
      const kv = answer.kvs[taken[at] ?? 0];
      if (kv === undefined) {
        if (answer.more) cut = true;
      } else if (bestKv === undefined || order(kv, bestKv) < 0) {
        best = at;
        bestKv = kv;
      }
    }
    if (cut || bestKv === undefined || merged.length === limit)
      return { kvs: merged, more: cut || bestKv !== undefined };
    merged.push(bestKv);
    taken[best] = (taken[best] ?? 0) + 1;
  }
}
