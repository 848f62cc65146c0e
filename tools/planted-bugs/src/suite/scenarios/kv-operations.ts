import { kvEntry } from '@flotilla/simulator';

const FAR_REVISION = 1_000_000_000;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const put = (key: string, value: string) =>
  ({ kind: 'put', key: bytes(key), value: bytes(value), lease: 0, prevKv: false, ignoreValue: false }) as const;

/** An entry that writes a pair. */
export function putEntry(key: string, value: string): Uint8Array {
  return kvEntry(put(key, value));
}

/** An entry that drops what was overwritten up to a revision. */
export function compactEntry(revision: number): Uint8Array {
  return kvEntry({ kind: 'compact', revision });
}

/** A transaction that writes a pair and then reads a revision that is yet to come: it must fail as a whole. */
export function failingEntry(key: string, value: string): Uint8Array {
  const read = {
    kind: 'range',
    key: bytes(key),
    end: undefined,
    revision: FAR_REVISION,
    limit: 0,
    sortTarget: 'key',
    sortOrder: 'none',
    keysOnly: false,
    countOnly: false,
    count: 'total',
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
  } as const;
  return kvEntry({ kind: 'txn', compares: [], success: [put(key, value), read], failure: [] });
}
