import { utf8Decode } from '@flotilla/bytes';
import type { KeyValue } from '@flotilla/kv/protocol';

/** A key with its value and what is known of its writes. */
export class KeyValuePair implements KeyValue {
  /** The user's key. */
  readonly key: Uint8Array;
  /** Empty where only keys were asked for. */
  readonly value: Uint8Array;
  /** Revision of the write that created the key, since it was last absent. */
  readonly createRevision: number;
  /** Revision of its last write. Revisions count for each group by itself. */
  readonly modRevision: number;
  /** 1 at creation, one more at each write. */
  readonly version: number;
  /** The lease that the key is attached to; 0: none. */
  readonly lease: number;

  /** Takes the fields over as they are. */
  constructor(kv: KeyValue) {
    this.key = kv.key;
    this.value = kv.value;
    this.createRevision = kv.createRevision;
    this.modRevision = kv.modRevision;
    this.version = kv.version;
    this.lease = kv.lease;
  }

  /** The value as text. @throws {TypeError} where it is not UTF-8 */
  text(): string {
    return utf8Decode(this.value);
  }

  /** The key as text. @throws {TypeError} where it is not UTF-8 */
  keyText(): string {
    return utf8Decode(this.key);
  }
}

/** The pair, or undefined as given. */
export function pairOf(kv: KeyValue | undefined): KeyValuePair | undefined {
  return kv === undefined ? undefined : new KeyValuePair(kv);
}

/** A pair of its own bytes, so that a small value does not keep the frame it came in alive. */
export function detachedPair(kv: KeyValue): KeyValuePair {
  return new KeyValuePair({ ...kv, key: kv.key.slice(), value: kv.value.slice() });
}
