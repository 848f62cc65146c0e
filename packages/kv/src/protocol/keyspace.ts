import { FlotillaError } from '@flotilla/errors';
import { KEYSPACE_MAX } from './limits.js';

/** The keyspace whose keys are spread over the vShards. Every other keyspace is pinned to one group. */
export const SHARDED_KEYSPACE = 0;

const SHORT_FORM_MAX = 247;
const GROUP_SPAN = 2 ** 20;

/**
 * The bytes that a keyspace puts before its keys, as a one-byte string: one byte below 248, else 247 + n and then n bytes,
 * high ones first. Prefixes sort as their ids do, and none is the beginning of another.
 */
export function keyspacePrefix(keyspace: number): string {
  if (keyspace <= SHORT_FORM_MAX) return String.fromCharCode(keyspace);
  let digits = '';
  for (let rest = keyspace; rest > 0; rest = Math.floor(rest / 256)) digits = String.fromCharCode(rest % 256) + digits;
  return String.fromCharCode(SHORT_FORM_MAX + digits.length) + digits;
}

/** Characters that the prefix of a composite key takes. */
export function keyspacePrefixLength(compositeKey: string): number {
  const first = compositeKey.charCodeAt(0);
  return first <= SHORT_FORM_MAX ? 1 : 1 + first - SHORT_FORM_MAX;
}

/** @throws {FlotillaError} InvalidArgument where `keyspace` is no keyspace. */
export function checkKeyspace(keyspace: number): void {
  if (Number.isSafeInteger(keyspace) && keyspace >= 0 && keyspace < KEYSPACE_MAX) {
    if (keyspace === SHARDED_KEYSPACE || keyspace % GROUP_SPAN !== 0) return;
  }
  throw new FlotillaError('InvalidArgument', {
    message: `${keyspace} is no keyspace: 0, or a number below 2^44 whose lowest 20 bits name a data group`,
    details: { argument: 'keyspace', reason: 'not a keyspace id' },
  });
}

/**
 * The group that a pinned keyspace lives in: its id says so, in the lowest 20 bits, so that nobody has to be asked.
 * Keyspace 7 is the first one of group 7, 7 + 2^20 its second.
 *
 * @returns undefined for keyspace 0, whose keys are routed one by one.
 */
export function groupOfKeyspace(keyspace: number): number | undefined {
  return keyspace === SHARDED_KEYSPACE ? undefined : keyspace % GROUP_SPAN;
}

/** The id of the `ordinal`-th keyspace (from 0) of a data group (1 to 2^20 - 1). */
export function keyspaceOfGroup(group: number, ordinal: number = 0): number {
  const keyspace = ordinal * GROUP_SPAN + group;
  checkKeyspace(keyspace);
  return keyspace;
}
