/** The end of a range that has none: from its key on. The one byte 0, as etcd has it. */
export const RANGE_END_OPEN: Uint8Array = new Uint8Array(1);

/** A key, or the keys in [key, end). `end` absent: the key alone; {@link RANGE_END_OPEN}: from `key` on. */
export interface KeyRange {
  readonly key: Uint8Array;
  readonly end: Uint8Array | undefined;
}

/** All keys of the keyspace. */
export const ALL_KEYS: KeyRange = { key: new Uint8Array(1), end: RANGE_END_OPEN };

/** Whether `end` means that the range has no end. */
export function isOpenEnd(end: Uint8Array): boolean {
  return end.length === 1 && end[0] === 0;
}

/**
 * The first key after all keys that begin with `prefix`, so that [prefix, prefixEnd(prefix)) is the prefix; open where the
 * prefix is all 255s.
 */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  for (let at = prefix.length - 1; at >= 0; at--) {
    const byte = prefix[at] as number;
    if (byte < 0xff) {
      const end = prefix.slice(0, at + 1);
      end[at] = byte + 1;
      return end;
    }
  }
  return RANGE_END_OPEN;
}

/** The range of all keys that begin with `prefix`; the empty prefix means all keys. */
export function prefixRange(prefix: Uint8Array): KeyRange {
  return prefix.length === 0 ? ALL_KEYS : { key: prefix, end: prefixEnd(prefix) };
}
