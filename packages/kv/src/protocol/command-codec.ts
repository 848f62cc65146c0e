import { ByteReader, ByteWriter, MalformedBytes } from '@flotilla/bytes';
import { assertNever, FlotillaError } from '@flotilla/errors';
import { REQUEST_BYTES_MAX, TXN_OPERATIONS_MAX } from './limits.js';
import type {
  Command,
  CompactOperation,
  Compare,
  CompareRelation,
  CompareTarget,
  DeleteRangeOperation,
  Operation,
  PutOperation,
  RangeOperation,
  SortOrder,
  SortTarget,
  TxnOperation,
} from './operation.js';

/** Version of the form of commands; the first byte of each. Commands are in the log, so every version stays readable. */
export const COMMAND_VERSION = 1;

/** Kinds of operation as they are in the log. Never renumbered. */
export const OperationKind = { put: 1, deleteRange: 2, txn: 3, compact: 4, range: 5 } as const;

const SORT_TARGETS: readonly SortTarget[] = ['key', 'version', 'create', 'mod', 'value'];
const SORT_ORDERS: readonly SortOrder[] = ['none', 'ascend', 'descend'];
const COMPARE_TARGETS: readonly CompareTarget[] = ['version', 'create', 'mod', 'value'];
const COMPARE_RELATIONS: readonly CompareRelation[] = ['equal', 'notEqual', 'greater', 'less'];

const PUT_PREV_KV = 1;
const PUT_IGNORE_VALUE = 2;
const DELETE_PREV_KV = 1;
const DELETE_HAS_END = 2;
const RANGE_HAS_END = 1;
const RANGE_KEYS_ONLY = 2;
const RANGE_COUNT_ONLY = 4;
const RANGE_COUNT_RETURNED = 8;
const RANGE_SORTED = 16;
const RANGE_LIMITED = 32;
const RANGE_AT_REVISION = 64;
const RANGE_FILTERED = 128;
const COMPARE_HAS_END = 1;

/** A key that is too long is still read, up to this, so that it can be refused by its own error rather than as malformed. */
const KEY_BYTES_READ_MAX = REQUEST_BYTES_MAX;

/** Used again and again, so that a command costs one array of its own length. */
const scratch = new ByteWriter(1_024);
const SCRATCH_BYTES_MAX = 65_536;

/** The bytes of a command: version, kind, keyspace, then what the kind needs. */
export function encodeCommand(command: Command): Uint8Array {
  scratch.reset();
  writeCommand(scratch, command);
  return scratch.length > SCRATCH_BYTES_MAX ? scratch.take() : scratch.copy();
}

/** Appends the bytes of a command. */
export function writeCommand(writer: ByteWriter, command: Command): void {
  const { operation } = command;
  writer.u8(COMMAND_VERSION);
  writer.u8(OperationKind[operation.kind]);
  writer.varint(command.keyspace);
  if (operation.kind === 'compact') writer.varint(operation.revision);
  else writeOperation(writer, operation);
}

function writeOperation(writer: ByteWriter, operation: Operation): void {
  switch (operation.kind) {
    case 'put':
      return writePut(writer, operation);
    case 'range':
      return writeRange(writer, operation);
    case 'deleteRange':
      return writeDeleteRange(writer, operation);
    case 'txn':
      return writeTxn(writer, operation);
    default:
      return assertNever(operation);
  }
}

function writePut(writer: ByteWriter, put: PutOperation): void {
  writer.u8((put.prevKv ? PUT_PREV_KV : 0) | (put.ignoreValue ? PUT_IGNORE_VALUE : 0));
  writer.varint(put.lease);
  writer.bytes(put.key);
  writer.bytes(put.value);
}

function writeDeleteRange(writer: ByteWriter, operation: DeleteRangeOperation): void {
  const { key, end } = operation;
  writer.u8((operation.prevKv ? DELETE_PREV_KV : 0) | (end === undefined ? 0 : DELETE_HAS_END));
  writer.bytes(key);
  if (end !== undefined) writer.bytes(end);
}

function writeRange(writer: ByteWriter, range: RangeOperation): void {
  const { key, end, revision, limit } = range;
  const sorted = range.sortTarget !== 'key' || range.sortOrder !== 'none';
  const filtered =
    range.minModRevision !== 0 ||
    range.maxModRevision !== 0 ||
    range.minCreateRevision !== 0 ||
    range.maxCreateRevision !== 0;
  writer.u8(
    (end === undefined ? 0 : RANGE_HAS_END) |
      (range.keysOnly ? RANGE_KEYS_ONLY : 0) |
      (range.countOnly ? RANGE_COUNT_ONLY : 0) |
      (range.count === 'returned' ? RANGE_COUNT_RETURNED : 0) |
      (sorted ? RANGE_SORTED : 0) |
      (limit === 0 ? 0 : RANGE_LIMITED) |
      (revision === 0 ? 0 : RANGE_AT_REVISION) |
      (filtered ? RANGE_FILTERED : 0),
  );
  writer.bytes(key);
  if (end !== undefined) writer.bytes(end);
  if (sorted) writer.u8(SORT_TARGETS.indexOf(range.sortTarget) * 4 + SORT_ORDERS.indexOf(range.sortOrder));
  if (limit !== 0) writer.varint(limit);
  if (revision !== 0) writer.varint(revision);
  if (filtered) {
    writer.varint(range.minModRevision);
    writer.varint(range.maxModRevision);
    writer.varint(range.minCreateRevision);
    writer.varint(range.maxCreateRevision);
  }
}

function writeTxn(writer: ByteWriter, txn: TxnOperation): void {
  writer.varint(txn.compares.length);
  for (const compare of txn.compares) writeCompare(writer, compare);
  writeOperations(writer, txn.success);
  writeOperations(writer, txn.failure);
}

function writeOperations(writer: ByteWriter, operations: readonly Operation[]): void {
  writer.varint(operations.length);
  for (const operation of operations) {
    writer.u8(OperationKind[operation.kind]);
    writeOperation(writer, operation);
  }
}

function writeCompare(writer: ByteWriter, compare: Compare): void {
  writer.u8(COMPARE_TARGETS.indexOf(compare.target) * 4 + COMPARE_RELATIONS.indexOf(compare.relation));
  writer.u8(compare.end === undefined ? 0 : COMPARE_HAS_END);
  writer.bytes(compare.key);
  if (compare.end !== undefined) writer.bytes(compare.end);
  if (typeof compare.operand === 'number') writer.varint(compare.operand);
  else writer.bytes(compare.operand);
}

/**
 * Reads a command; keys and values are views of `bytes`. Says whether the bytes are a command, not whether it may be done:
 * that is `checkCommand`'s.
 *
 * @throws {FlotillaError} IncompatibleVersion for a version above {@link COMMAND_VERSION}, MalformedFrame for anything else.
 */
export function decodeCommand(bytes: Uint8Array): Command {
  const reader = new ByteReader(bytes);
  try {
    const version = reader.u8();
    if (version !== COMMAND_VERSION) throw unknownCommandVersion(version);
    const kind = reader.u8();
    const keyspace = reader.varint();
    const operation =
      kind === OperationKind.compact ? readCompact(reader) : readOperation(reader, kind, TXN_OPERATIONS_MAX);
    reader.end();
    return { keyspace, operation };
  } catch (error) {
    throw malformedAsFrame(error, 'command');
  }
}

/** The refusal of a command whose version this software does not know. */
export function unknownCommandVersion(version: number): FlotillaError<'IncompatibleVersion'> {
  return new FlotillaError('IncompatibleVersion', {
    message: `a command has format ${version}, this software reads ${COMMAND_VERSION}; upgrade this node`,
    details: { ours: String(COMMAND_VERSION), theirs: String(version) },
  });
}

/** `error` as MalformedFrame when a reader threw it, else as it is. */
export function malformedAsFrame(error: unknown, what: string): unknown {
  if (!(error instanceof MalformedBytes)) return error;
  return new FlotillaError('MalformedFrame', {
    message: `not a ${what}: ${error.message}`,
    details: { reason: error.message },
    cause: error,
  });
}

function readCompact(reader: ByteReader): CompactOperation {
  return { kind: 'compact', revision: reader.varint() };
}

/** `depthLeft`: transactions may nest so often. */
function readOperation(reader: ByteReader, kind: number, depthLeft: number): Operation {
  switch (kind) {
    case OperationKind.put:
      return readPut(reader);
    case OperationKind.range:
      return readRange(reader);
    case OperationKind.deleteRange:
      return readDeleteRange(reader);
    case OperationKind.txn:
      return readTxn(reader, depthLeft);
    default:
      return reader.fail(`unknown kind of operation ${kind}`);
  }
}

function readFlags(reader: ByteReader, known: number): number {
  const flags = reader.u8();
  if ((flags & ~known) !== 0) reader.fail(`unknown flags ${flags}`);
  return flags;
}

function readPut(reader: ByteReader): PutOperation {
  const flags = readFlags(reader, PUT_PREV_KV | PUT_IGNORE_VALUE);
  const lease = reader.varint();
  const key = reader.bytes(KEY_BYTES_READ_MAX);
  const value = reader.bytes();
  return {
    kind: 'put',
    key,
    value,
    lease,
    prevKv: (flags & PUT_PREV_KV) !== 0,
    ignoreValue: (flags & PUT_IGNORE_VALUE) !== 0,
  };
}

function readDeleteRange(reader: ByteReader): DeleteRangeOperation {
  const flags = readFlags(reader, DELETE_PREV_KV | DELETE_HAS_END);
  const key = reader.bytes(KEY_BYTES_READ_MAX);
  const end = (flags & DELETE_HAS_END) !== 0 ? reader.bytes(KEY_BYTES_READ_MAX) : undefined;
  return { kind: 'deleteRange', key, end, prevKv: (flags & DELETE_PREV_KV) !== 0 };
}

function readRange(reader: ByteReader): RangeOperation {
  const flags = readFlags(reader, 255);
  const key = reader.bytes(KEY_BYTES_READ_MAX);
  const end = (flags & RANGE_HAS_END) !== 0 ? reader.bytes(KEY_BYTES_READ_MAX) : undefined;
  const sort = (flags & RANGE_SORTED) !== 0 ? reader.u8() : 0;
  const sortTarget = SORT_TARGETS[sort >> 2] ?? reader.fail(`unknown sort ${sort}`);
  const sortOrder = SORT_ORDERS[sort & 3] ?? reader.fail(`unknown sort ${sort}`);
  const limit = (flags & RANGE_LIMITED) !== 0 ? reader.varint() : 0;
  const revision = (flags & RANGE_AT_REVISION) !== 0 ? reader.varint() : 0;
  const filtered = (flags & RANGE_FILTERED) !== 0;
  return {
    kind: 'range',
    key,
    end,
    revision,
    limit,
    sortTarget,
    sortOrder,
    keysOnly: (flags & RANGE_KEYS_ONLY) !== 0,
    countOnly: (flags & RANGE_COUNT_ONLY) !== 0,
    count: (flags & RANGE_COUNT_RETURNED) !== 0 ? 'returned' : 'total',
    minModRevision: filtered ? reader.varint() : 0,
    maxModRevision: filtered ? reader.varint() : 0,
    minCreateRevision: filtered ? reader.varint() : 0,
    maxCreateRevision: filtered ? reader.varint() : 0,
  };
}

/** Bytes that the smallest compare, and the smallest operation, take: more than can follow are refused unread. */
const COMPARE_BYTES_MIN = 4;
const OPERATION_BYTES_MIN = 3;

function readTxn(reader: ByteReader, depthLeft: number): TxnOperation {
  if (depthLeft === 0) reader.fail('transactions nested too deep');
  const compares: Compare[] = [];
  for (let left = reader.count(COMPARE_BYTES_MIN); left > 0; left--) compares.push(readCompare(reader));
  return {
    kind: 'txn',
    compares,
    success: readOperations(reader, depthLeft - 1),
    failure: readOperations(reader, depthLeft - 1),
  };
}

function readOperations(reader: ByteReader, depthLeft: number): Operation[] {
  const operations: Operation[] = [];
  for (let left = reader.count(OPERATION_BYTES_MIN); left > 0; left--) {
    operations.push(readOperation(reader, reader.u8(), depthLeft));
  }
  return operations;
}

function readCompare(reader: ByteReader): Compare {
  const code = reader.u8();
  const target = COMPARE_TARGETS[code >> 2] ?? reader.fail(`unknown compare ${code}`);
  const relation = COMPARE_RELATIONS[code & 3] ?? reader.fail(`unknown compare ${code}`);
  const flags = readFlags(reader, COMPARE_HAS_END);
  const key = reader.bytes(KEY_BYTES_READ_MAX);
  const end = (flags & COMPARE_HAS_END) !== 0 ? reader.bytes(KEY_BYTES_READ_MAX) : undefined;
  const operand = target === 'value' ? reader.bytes() : reader.varint();
  return { key, end, target, relation, operand };
}
