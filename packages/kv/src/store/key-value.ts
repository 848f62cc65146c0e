import { keyspacePrefixLength } from '../protocol/keyspace.js';
import { fromOneByteString } from '../protocol/one-byte-string.js';
import type { KeyValue } from '../protocol/operation.js';
import type { Version } from './version.js';

const EMPTY = new Uint8Array(0);

/** A version as users see it: without its keyspace. The value is shared. */
export function keyValueOf(version: Version, keysOnly: boolean = false): KeyValue {
  return {
    key: fromOneByteString(version.key, keyspacePrefixLength(version.key)),
    value: keysOnly ? EMPTY : version.value,
    createRevision: version.create,
    modRevision: version.mod,
    version: version.version,
    lease: version.lease,
  };
}

/** Bytes that a version takes in an answer, roughly: key, value and some varints. */
export function answerBytesOf(version: Version, keysOnly: boolean = false): number {
  return version.key.length + (keysOnly ? 0 : version.value.length) + 16;
}
