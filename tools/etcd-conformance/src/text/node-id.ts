import { LOCAL_APPEND_THREAD, LOCAL_APPLY_THREAD, NO_NODE } from '@flotilla/raft-core';

/** Node ids are printed in hexadecimal. */
export const hexId = (id: number): string => id.toString(16);

/** A sender or addressee of a message. */
export function describeTarget(id: number): string {
  if (id === NO_NODE) return 'None';
  if (id === LOCAL_APPEND_THREAD) return 'AppendThread';
  if (id === LOCAL_APPLY_THREAD) return 'ApplyThread';
  return hexId(id);
}

/** `(1 2 3)`: a set of ids, ascending. */
export const idSet = (ids: readonly number[]): string => `(${ids.map(hexId).join(' ')})`;

/** `[1 2 3]`: a list of ids, in decimal. */
export const idList = (ids: readonly number[]): string => `[${ids.join(' ')}]`;
