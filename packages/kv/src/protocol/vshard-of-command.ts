import { FlotillaError } from '@flotilla/errors';
import { compare } from '@flotilla/bytes';
import { VSHARD_COUNT, vshardOfKey } from '@flotilla/routing';
import { invalidArgument } from './command-check.js';
import { isOpenEnd, type KeyRange, prefixEnd } from './key-range.js';
import { SHARDED_KEYSPACE } from './keyspace.js';
import type { Command, Operation, TxnOperation } from './operation.js';

/** Stands for a vShard in the sessions of commands that concern a whole group. */
export const GROUP_WIDE_VSHARD: number = VSHARD_COUNT;

const OPENING = 0x7b;
const CLOSING = 0x7d;

/**
 * The vShard that holds all keys of a range: that of the key where it stands alone, that of the hash tag where all keys of
 * the range begin with the same tag, such as those with the prefix `{user:7}`. Undefined: the range is spread.
 */
export function vshardOfRange(range: KeyRange): number | undefined {
  if (range.end === undefined) return vshardOfKey(range.key);
  const tagged = throughHashTag(range.key);
  if (tagged === undefined || isOpenEnd(range.end)) return undefined;
  const end = prefixEnd(tagged);
  return isOpenEnd(end) || compare(range.end, end) <= 0 ? vshardOfKey(range.key) : undefined;
}

/** The key up to the end of its hash tag; undefined where it has none. */
function throughHashTag(key: Uint8Array): Uint8Array | undefined {
  const opening = key.indexOf(OPENING);
  if (opening < 0) return undefined;
  const closing = key.indexOf(CLOSING, opening + 1);
  return closing > opening + 1 ? key.subarray(0, closing + 1) : undefined;
}

/**
 * The vShard that a command belongs to; undefined where it concerns a whole group: a pinned keyspace, a compaction, or a
 * range or delete outside of a transaction that is spread over vShards, of which each group does its part.
 *
 * @throws {FlotillaError} TxnSpansVShards for a transaction of keyspace 0 that touches two vShards, InvalidArgument for one
 * with a range that no hash tag holds together.
 */
export function vshardOfCommand(command: Command): number | undefined {
  const { operation } = command;
  if (command.keyspace !== SHARDED_KEYSPACE) return undefined;
  switch (operation.kind) {
    case 'put':
      return vshardOfKey(operation.key);
    case 'range':
    case 'deleteRange':
      return vshardOfRange(operation);
    case 'txn':
      return vshardOfTxn(operation, undefined);
    case 'compact':
      return undefined;
  }
}

function vshardOfTxn(txn: TxnOperation, outer: number | undefined): number | undefined {
  let vshard = outer;
  for (const condition of txn.compares) vshard = join(vshard, vshardInTxn(condition));
  for (const operation of txn.success) vshard = joinOperation(vshard, operation);
  for (const operation of txn.failure) vshard = joinOperation(vshard, operation);
  return vshard;
}

function joinOperation(vshard: number | undefined, operation: Operation): number | undefined {
  if (operation.kind === 'txn') return vshardOfTxn(operation, vshard);
  return join(vshard, operation.kind === 'put' ? vshardOfKey(operation.key) : vshardInTxn(operation));
}

function vshardInTxn(range: KeyRange): number {
  const vshard = vshardOfRange(range);
  if (vshard !== undefined) return vshard;
  throw invalidArgument(
    'range',
    'a range in a transaction of keyspace 0 must lie within one hash tag, such as all keys that begin with {user:7}',
  );
}

function join(first: number | undefined, second: number): number {
  if (first === undefined || first === second) return second;
  throw new FlotillaError('TxnSpansVShards', {
    message:
      `the transaction touches vShards ${first} and ${second}; give its keys one hash tag, such as {user:7}, ` +
      'or keep them in a pinned keyspace; nothing was written',
    details: { first, second },
  });
}
