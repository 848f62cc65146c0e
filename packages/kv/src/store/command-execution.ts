import { compare as compareBytes } from '@flotilla/bytes';
import { assertNever, invariant } from '@flotilla/errors';
import { invalidArgument, limitExceeded } from '../protocol/command-check.js';
import {
  COMMAND_ANSWER_BYTES_MAX,
  COMMAND_KEYS_READ_MAX,
  COMMAND_KEYS_WRITTEN_MAX,
  RANGE_PAGE_BYTES,
} from '../protocol/limits.js';
import { keyspacePrefix } from '../protocol/keyspace.js';
import { toOneByteString } from '../protocol/one-byte-string.js';
import type {
  Command,
  CommandAnswer,
  Compare,
  CompareRelation,
  DeleteRangeAnswer,
  DeleteRangeOperation,
  KeyValue,
  Operation,
  OperationAnswer,
  PutAnswer,
  PutOperation,
  RangeAnswer,
  RangeOperation,
  TxnAnswer,
  TxnOperation,
} from '../protocol/operation.js';
import { type CompositeRange, compositeRange } from './composite-range.js';
import { answerBytesOf, keyValueOf } from './key-value.js';
import type { KvStore } from './kv-store.js';
import { RangeScan, UNCOMMITTED } from './range-scan.js';
import type { Version } from './version.js';

/**
 * Does a checked command to a store, wholly or not at all. Any writes make exactly one revision; without writes the
 * revision stays.
 *
 * @throws {FlotillaError} InvalidArgument, LimitExceeded, Compacted or FutureRevision; nothing was written then.
 */
export function executeCommand(store: KvStore, command: Command): CommandAnswer {
  const { operation, keyspace } = command;
  if (operation.kind === 'compact') {
    store.compact(operation.revision);
    return { revision: store.revision, answer: { kind: 'compact' } };
  }
  try {
    const answer = new Execution(store, keyspace).run(operation);
    return { revision: store.commit(), answer };
  } catch (error) {
    store.rollback();
    throw error;
  }
}

/** Which branch each transaction takes, decided before the first operation is done. */
interface Path {
  readonly succeeded: boolean;
  /** For each operation of the branch taken: the path of a nested transaction. */
  readonly nested: readonly (Path | undefined)[];
}

/**
 * One command under way: what it has read, written and answered so far, against its bounds. What counts is only what all
 * replicas see alike: never deleted keys, which compaction drops at times of its own.
 */
class Execution {
  readonly #store: KvStore;
  readonly #keyspace: number;
  readonly #prefix: string;
  #read = 0;
  #written = 0;
  #answerBytes = 0;

  constructor(store: KvStore, keyspace: number) {
    this.#store = store;
    this.#keyspace = keyspace;
    this.#prefix = keyspacePrefix(keyspace);
  }

  run(operation: Operation): OperationAnswer {
    return this.#operation(operation, this.#pathOf(operation));
  }

  #operation(operation: Operation, path: Path | undefined): OperationAnswer {
    switch (operation.kind) {
      case 'put':
        return this.#put(operation);
      case 'range':
        return this.#range(operation);
      case 'deleteRange':
        return this.#deleteRange(operation);
      case 'txn':
        invariant(path !== undefined, 'a transaction without its path');
        return this.#txn(operation, path);
      default:
        return assertNever(operation);
    }
  }

  #put(put: PutOperation): PutAnswer {
    const key = this.#prefix + toOneByteString(put.key);
    this.#countWritten(1);
    let { value } = put;
    if (put.ignoreValue) {
      const present = this.#store.latest(key);
      if (present === undefined) throw invalidArgument('key', 'key not found');
      value = present.value;
    }
    const before = this.#store.put(key, value, put.lease);
    return { kind: 'put', prevKv: put.prevKv && before !== undefined ? this.#keyValue(before) : undefined };
  }

  #range(operation: RangeOperation): RangeAnswer {
    const revision = this.#store.readableRevision(operation.revision);
    const scan = new RangeScan(
      this.#store,
      compositeRange(this.#keyspace, operation),
      operation,
      operation.revision === 0 ? UNCOMMITTED : revision,
      Math.min(RANGE_PAGE_BYTES, COMMAND_ANSWER_BYTES_MAX - this.#answerBytes),
    );
    scan.advance(Number.MAX_SAFE_INTEGER, COMMAND_KEYS_READ_MAX - this.#read);
    this.#countRead(scan.seen);
    const answer = scan.answer();
    this.#countAnswer(scan.answerBytes);
    return answer;
  }

  #deleteRange(operation: DeleteRangeOperation): DeleteRangeAnswer {
    const prevKvs: KeyValue[] = [];
    const keys = this.#liveKeys(compositeRange(this.#keyspace, operation));
    this.#countWritten(keys.length);
    for (const key of keys) {
      const before = this.#store.delete(key);
      if (operation.prevKv && before !== undefined) prevKvs.push(this.#keyValue(before));
    }
    return { kind: 'deleteRange', deleted: keys.length, prevKvs };
  }

  /** The keys in a range that exist now: deleting changes the index that is walked. */
  #liveKeys(range: CompositeRange): string[] {
    const { low, high, single } = range;
    if (single) {
      this.#countRead(1);
      return this.#store.latest(low) === undefined ? [] : [low];
    }
    const keys: string[] = [];
    for (const [key, { newest }] of this.#store.ascending(low)) {
      if (key >= high) break;
      if (newest.deleted) continue;
      this.#countRead(1);
      keys.push(key);
    }
    return keys;
  }

  #txn(txn: TxnOperation, path: Path): TxnAnswer {
    const branch = path.succeeded ? txn.success : txn.failure;
    const answers = branch.map((operation, at) => this.#operation(operation, path.nested[at]));
    return { kind: 'txn', succeeded: path.succeeded, answers };
  }

  #pathOf(operation: Operation): Path | undefined {
    if (operation.kind !== 'txn') return undefined;
    const succeeded = operation.compares.every((condition) => this.#holds(condition));
    const branch = succeeded ? operation.success : operation.failure;
    return { succeeded, nested: branch.map((member) => this.#pathOf(member)) };
  }

  #holds(condition: Compare): boolean {
    const { low, high, single } = compositeRange(this.#keyspace, condition);
    if (single) {
      this.#countRead(1);
      return holdsFor(condition, this.#store.latest(low));
    }
    let found = false;
    for (const [key, { newest }] of this.#store.ascending(low)) {
      if (key >= high) break;
      if (newest.deleted) continue;
      this.#countRead(1);
      found = true;
      if (!holdsFor(condition, newest)) return false;
    }
    return found || holdsFor(condition, undefined);
  }

  #keyValue(version: Version): KeyValue {
    this.#countAnswer(answerBytesOf(version));
    return keyValueOf(version);
  }

  #countRead(keys: number): void {
    this.#read += keys;
    if (this.#read > COMMAND_KEYS_READ_MAX)
      throw limitExceeded('keys read by one command', COMMAND_KEYS_READ_MAX, this.#read);
  }

  #countWritten(keys: number): void {
    this.#written += keys;
    if (this.#written <= COMMAND_KEYS_WRITTEN_MAX) return;
    throw limitExceeded('keys written by one command', COMMAND_KEYS_WRITTEN_MAX, this.#written);
  }

  #countAnswer(bytes: number): void {
    this.#answerBytes += bytes;
    if (this.#answerBytes <= COMMAND_ANSWER_BYTES_MAX) return;
    throw limitExceeded('bytes in one answer', COMMAND_ANSWER_BYTES_MAX, this.#answerBytes);
  }
}

function holdsFor(condition: Compare, found: Version | undefined): boolean {
  const { relation, operand } = condition;
  if (typeof operand !== 'number') return found !== undefined && relates(relation, compareBytes(found.value, operand));
  return relates(relation, numberOf(condition, found) - operand);
}

function numberOf(condition: Compare, found: Version | undefined): number {
  if (found === undefined) return 0;
  switch (condition.target) {
    case 'version':
      return found.version;
    case 'create':
      return found.create;
    case 'mod':
      return found.mod;
    case 'value':
      throw invalidArgument('operand', 'a compare of value needs bytes');
    default:
      return assertNever(condition.target);
  }
}

function relates(relation: CompareRelation, difference: number): boolean {
  switch (relation) {
    case 'equal':
      return difference === 0;
    case 'notEqual':
      return difference !== 0;
    case 'greater':
      return difference > 0;
    case 'less':
      return difference < 0;
    default:
      return assertNever(relation);
  }
}
