import type { KeyValuePair } from '@flotilla/client';
import { jsonField } from './bytes-text.js';

/** A pair for JSON. Keys and values that are not UTF-8 stand as `keyBase64` and `valueBase64`. */
export function pairJson(pair: KeyValuePair): Readonly<Record<string, unknown>> {
  const { createRevision, modRevision, version, lease } = pair;
  return {
    ...jsonField('key', pair.key),
    ...jsonField('value', pair.value),
    createRevision,
    modRevision,
    version,
    lease,
  };
}

/** The pair before a write for JSON: absent where there was none. */
export function prevJson(pair: KeyValuePair | undefined): Readonly<Record<string, unknown>> {
  return pair === undefined ? {} : { prevKv: pairJson(pair) };
}
