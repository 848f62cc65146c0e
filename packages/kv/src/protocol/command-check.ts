import { assertNever, FlotillaError } from '@flotilla/errors';
import { isOpenEnd, type KeyRange } from './key-range.js';
import { checkKeyspace } from './keyspace.js';
import { KEY_BYTES_MAX, REQUEST_BYTES_MAX, TXN_OPERATIONS_MAX, TXN_TOTAL_MAX, VALUE_BYTES_MAX } from './limits.js';
import { toOneByteString } from './one-byte-string.js';
import type { Command, Compare, Operation, PutOperation, TxnOperation } from './operation.js';

/**
 * Refuses a command that no state would let through, by the rules and words of etcd: no key, a key or value that is too
 * long, `ignoreValue` together with a value, a lease that cannot exist, too many operations, a key written twice in one
 * branch of a transaction.
 *
 * Deterministic: every replica, the endpoint and the client come to the same answer.
 *
 * @throws {FlotillaError} InvalidArgument or LimitExceeded.
 */
export function checkCommand(command: Command, encodedBytes: number = 0): void {
  if (encodedBytes > REQUEST_BYTES_MAX) throw limitExceeded('request bytes', REQUEST_BYTES_MAX, encodedBytes);
  checkKeyspace(command.keyspace);
  const { operation } = command;
  if (operation.kind !== 'compact') checkOperation(operation, TXN_OPERATIONS_MAX);
  else if (operation.revision < 1) throw invalidArgument('revision', 'revisions begin at 1');
}

function checkOperation(operation: Operation, operationsLeft: number): void {
  switch (operation.kind) {
    case 'put':
      return checkPut(operation);
    case 'range':
    case 'deleteRange':
      return checkRange(operation);
    case 'txn':
      return checkTxn(operation, operationsLeft);
    default:
      return assertNever(operation);
  }
}

/** Refuses a range that is none: its key is empty or too long. An `end` at or before the key is an empty range, and no error. */
export function checkRange(range: KeyRange): void {
  checkKey(range.key);
  if (range.end !== undefined && range.end.length > KEY_BYTES_MAX) {
    throw limitExceeded('bytes of a range end', KEY_BYTES_MAX, range.end.length);
  }
}

function checkKey(key: Uint8Array): void {
  if (key.length === 0) throw invalidArgument('key', 'key is not provided');
  if (key.length > KEY_BYTES_MAX) throw limitExceeded('key bytes', KEY_BYTES_MAX, key.length);
}

function checkPut(put: PutOperation): void {
  checkKey(put.key);
  if (put.value.length > VALUE_BYTES_MAX) throw limitExceeded('value bytes', VALUE_BYTES_MAX, put.value.length);
  if (put.ignoreValue && put.value.length > 0) throw invalidArgument('value', 'value is provided');
  if (put.lease !== 0) throw invalidArgument('lease', 'requested lease not found');
}

function checkTxn(txn: TxnOperation, operationsLeft: number): void {
  const total = countAll(txn);
  if (total > TXN_TOTAL_MAX)
    throw limitExceeded('operations and compares in all of a transaction', TXN_TOTAL_MAX, total);
  checkTxnOperations(txn, operationsLeft);
  writesOf(txn.success);
  writesOf(txn.failure);
}

function countAll(txn: TxnOperation): number {
  let total = txn.compares.length + txn.success.length + txn.failure.length;
  for (const operation of txn.success) if (operation.kind === 'txn') total += countAll(operation);
  for (const operation of txn.failure) if (operation.kind === 'txn') total += countAll(operation);
  return total;
}

function checkTxnOperations(txn: TxnOperation, operationsLeft: number): void {
  const operations = Math.max(txn.compares.length, txn.success.length, txn.failure.length);
  if (operations > operationsLeft) {
    throw limitExceeded(
      'operations in a transaction',
      TXN_OPERATIONS_MAX,
      TXN_OPERATIONS_MAX - operationsLeft + operations,
    );
  }
  for (const compare of txn.compares) checkCompare(compare);
  for (const operation of txn.success) checkTxnMember(operation, operationsLeft - operations);
  for (const operation of txn.failure) checkTxnMember(operation, operationsLeft - operations);
}

function checkTxnMember(operation: Operation, operationsLeft: number): void {
  if (operation.kind === 'txn') checkTxnOperations(operation, operationsLeft);
  else checkOperation(operation, operationsLeft);
}

function checkCompare(compare: Compare): void {
  checkRange(compare);
  if ((compare.target === 'value') === (typeof compare.operand === 'number')) {
    throw invalidArgument(
      'operand',
      `a compare of ${compare.target} needs ${compare.target === 'value' ? 'bytes' : 'a number'}`,
    );
  }
}

interface Interval {
  readonly low: string;
  /** Undefined: no end. */
  readonly high: string | undefined;
}

interface BranchWrites {
  readonly puts: Set<string>;
  readonly deletes: Interval[];
}

/**
 * What a branch writes, itself and through its transactions. A key may be put once, and not both put and deleted, by the
 * operations of one branch; the two branches of one nested transaction exclude each other and may name the same key.
 */
function writesOf(operations: readonly Operation[]): BranchWrites {
  const puts = new Set<string>();
  const deletes: Interval[] = [];
  for (const operation of operations) if (operation.kind === 'deleteRange') deletes.push(intervalOf(operation));
  for (const operation of operations) {
    if (operation.kind !== 'txn') continue;
    const success = writesOf(operation.success);
    const failure = writesOf(operation.failure);
    for (const key of success.puts) refuseTwice(key, puts, deletes);
    for (const key of failure.puts) refuseTwice(key, puts, deletes);
    for (const key of success.puts) puts.add(key);
    for (const key of failure.puts) puts.add(key);
    deletes.push(...success.deletes, ...failure.deletes);
  }
  for (const operation of operations) {
    if (operation.kind !== 'put') continue;
    const key = toOneByteString(operation.key);
    refuseTwice(key, puts, deletes);
    puts.add(key);
  }
  return { puts, deletes };
}

function refuseTwice(key: string, puts: ReadonlySet<string>, deletes: readonly Interval[]): void {
  if (!puts.has(key) && !deletes.some(({ low, high }) => key >= low && (high === undefined || key < high))) return;
  throw invalidArgument('operations', 'duplicate key given in txn request');
}

function intervalOf(range: KeyRange): Interval {
  const low = toOneByteString(range.key);
  if (range.end === undefined) return { low, high: `${low}\0` };
  return { low, high: isOpenEnd(range.end) ? undefined : toOneByteString(range.end) };
}

/** A refusal for what the caller gave; `reason` in etcd's words where etcd has some. */
export function invalidArgument(argument: string, reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', {
    message: `${argument}: ${reason}; nothing was written`,
    details: { argument, reason },
  });
}

/** A bound of the key-value data was exceeded. */
export function limitExceeded(limit: string, maximum: number, actual: number): FlotillaError<'LimitExceeded'> {
  return new FlotillaError('LimitExceeded', {
    message: `${actual} ${limit} where at most ${maximum} are allowed; nothing was written`,
    details: { limit, maximum, actual },
  });
}
