import { type CompareSpec, compare } from '@flotilla/client';
import { utf8Decode } from '@flotilla/bytes';
import type { Command, Operation } from '@flotilla/kv/protocol';

/** Above every revision, so that a comparison with it tells nothing. */
const MARK_BASE = 2 ** 40;
/** Ends the meaning part of a value; what follows only makes it longer. */
const PADDING = '~';

/** A condition that always holds, and by which a transaction's operation is known again in the log. */
export function mark(key: string, operation: number): CompareSpec {
  return compare(key, 'mod', '<', MARK_BASE + operation);
}

/** A value that no other operation writes, of at least `bytes` bytes; `before` is what it goes on from. */
export function markedValue(operation: number, bytes: number, before = ''): string {
  const text = before === '' ? String(operation) : `${before},${operation}`;
  return bytes > text.length ? text.padEnd(bytes, PADDING) : text;
}

/** What a value says, without what makes it longer. */
export function meaning(value: string): string {
  const end = value.indexOf(PADDING);
  return end < 0 ? value : value.slice(0, end);
}

/** The operation that a command of the log carries out; undefined where it bears no mark. */
export function operationOf({ operation }: Command): number | undefined {
  return operation.kind === 'compact' ? undefined : markOf(operation);
}

function markOf(operation: Operation): number | undefined {
  if (operation.kind === 'put') {
    const last = meaning(utf8Decode(operation.value)).split(',').at(-1);
    return last !== undefined && /^\d+$/.test(last) ? Number(last) : undefined;
  }
  if (operation.kind !== 'txn') return undefined;
  for (const { operand } of operation.compares) {
    if (typeof operand === 'number' && operand >= MARK_BASE) return operand - MARK_BASE;
  }
  return undefined;
}
