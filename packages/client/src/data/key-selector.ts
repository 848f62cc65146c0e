import { utf8Encode } from '@flotilla/bytes';
import { ALL_KEYS, invalidArgument, type KeyRange, prefixRange, RANGE_END_OPEN } from '@flotilla/kv/protocol';

/** A key or a value: bytes, or text that is taken as UTF-8. */
export type BytesLike = string | Uint8Array;

/**
 * Which keys are meant: one key; `[key, end)`; all that begin with a prefix (the empty one means all keys); all from a key on.
 */
export type KeySelector =
  | BytesLike
  | { readonly key: BytesLike; readonly end?: BytesLike }
  | { readonly prefix: BytesLike }
  | { readonly from: BytesLike };

/** The bytes of what the caller gave. */
export function bytesOf(value: BytesLike): Uint8Array {
  return typeof value === 'string' ? utf8Encode(value) : value;
}

/** The range that a selector means. @throws {FlotillaError} InvalidArgument for what is no selector */
export function rangeOf(selector: KeySelector): KeyRange {
  if (typeof selector === 'string' || selector instanceof Uint8Array) {
    return { key: bytesOf(selector), end: undefined };
  }
  if ('prefix' in selector) return prefixRange(bytesOf(selector.prefix));
  if ('from' in selector) {
    const key = bytesOf(selector.from);
    return key.length === 0 ? ALL_KEYS : { key, end: RANGE_END_OPEN };
  }
  if ('key' in selector) {
    const end = selector.end === undefined ? undefined : bytesOf(selector.end);
    if (end?.length === 0) throw invalidArgument('end', 'an empty end; leave it out for one key, or use from');
    return { key: bytesOf(selector.key), end };
  }
  throw invalidArgument('selector', 'not a key, { key, end }, { prefix } or { from }');
}
