import { ByteReader, ByteWriter } from '@flotilla/bytes';
import { assertNever, decodeError, encodeError, type FlotillaError, ENCODED_ERROR_BYTES_MAX } from '@flotilla/errors';
import { malformedAsFrame } from './command-codec.js';
import { TXN_OPERATIONS_MAX } from './limits.js';
import type {
  CommandAnswer,
  DeleteRangeAnswer,
  KeyValue,
  OperationAnswer,
  PutAnswer,
  RangeAnswer,
  TxnAnswer,
} from './operation.js';

/** Kinds of answer on the wire and in session records. Never renumbered. */
export const AnswerKind = { error: 0, put: 1, deleteRange: 2, txn: 3, compact: 4, range: 5 } as const;

/** Used again and again: most answers are a few bytes, and a copy of so little costs much less than an array that is cut. */
const scratch = new ByteWriter(1_024);
const SCRATCH_BYTES_MAX = 65_536;

/** The bytes of what a command gave: its kind, the revision, then what the kind needs. */
export function encodeAnswer(answer: CommandAnswer): Uint8Array {
  scratch.reset();
  writeAnswer(scratch, answer);
  return scratch.length > SCRATCH_BYTES_MAX ? scratch.take() : scratch.copy();
}

/** Appends the bytes of what a command gave. */
export function writeAnswer(writer: ByteWriter, answer: CommandAnswer): void {
  writer.u8(AnswerKind[answer.answer.kind]);
  writer.varint(answer.revision);
  if (answer.answer.kind !== 'compact') writeOperationAnswer(writer, answer.answer);
}

/** The bytes of a refused command. */
export function encodeErrorAnswer(error: unknown): Uint8Array {
  const encoded = encodeError(error);
  const bytes = new Uint8Array(1 + encoded.length);
  bytes[0] = AnswerKind.error;
  bytes.set(encoded, 1);
  return bytes;
}

/** The error that an answer carries, or undefined where it is none. */
export function errorOfAnswer(bytes: Uint8Array): FlotillaError | undefined {
  return bytes[0] === AnswerKind.error ? decodeError(bytes.subarray(1, 1 + ENCODED_ERROR_BYTES_MAX)) : undefined;
}

function writeOperationAnswer(writer: ByteWriter, answer: OperationAnswer): void {
  switch (answer.kind) {
    case 'put':
      return writeOptionalKeyValue(writer, answer.prevKv);
    case 'deleteRange':
      writer.varint(answer.deleted);
      return writeKeyValues(writer, answer.prevKvs);
    case 'range':
      writer.boolean(answer.more);
      writer.varint(answer.count);
      return writeKeyValues(writer, answer.kvs);
    case 'txn':
      writer.boolean(answer.succeeded);
      writer.varint(answer.answers.length);
      for (const member of answer.answers) {
        writer.u8(AnswerKind[member.kind]);
        writeOperationAnswer(writer, member);
      }
      return;
    default:
      return assertNever(answer);
  }
}

function writeKeyValues(writer: ByteWriter, kvs: readonly KeyValue[]): void {
  writer.varint(kvs.length);
  for (const kv of kvs) writeKeyValue(writer, kv);
}

function writeOptionalKeyValue(writer: ByteWriter, kv: KeyValue | undefined): void {
  writer.boolean(kv !== undefined);
  if (kv !== undefined) writeKeyValue(writer, kv);
}

/** Appends a pair: key, value, create and mod revision, version, lease. */
export function writeKeyValue(writer: ByteWriter, kv: KeyValue): void {
  writer.bytes(kv.key);
  writer.bytes(kv.value);
  writer.varint(kv.createRevision);
  writer.varint(kv.modRevision);
  writer.varint(kv.version);
  writer.varint(kv.lease);
}

/** Bytes that the smallest pair takes. */
export const KEY_VALUE_BYTES_MIN = 6;

/** Reads a pair; key and value are views of the reader's bytes. */
export function readKeyValue(reader: ByteReader): KeyValue {
  return {
    key: reader.bytes(),
    value: reader.bytes(),
    createRevision: reader.varint(),
    modRevision: reader.varint(),
    version: reader.varint(),
    lease: reader.varint(),
  };
}

/**
 * What a command gave; keys and values are views of `bytes`.
 *
 * @throws {FlotillaError} the error that the answer carries, or MalformedFrame.
 */
export function decodeAnswer(bytes: Uint8Array): CommandAnswer {
  const error = errorOfAnswer(bytes);
  if (error !== undefined) throw error;
  const reader = new ByteReader(bytes);
  try {
    const kind = reader.u8();
    const revision = reader.varint();
    const answer =
      kind === AnswerKind.compact
        ? ({ kind: 'compact' } as const)
        : readOperationAnswer(reader, kind, TXN_OPERATIONS_MAX);
    reader.end();
    return { revision, answer };
  } catch (cause) {
    throw malformedAsFrame(cause, 'answer');
  }
}

function readOperationAnswer(reader: ByteReader, kind: number, depthLeft: number): OperationAnswer {
  switch (kind) {
    case AnswerKind.put:
      return readPutAnswer(reader);
    case AnswerKind.deleteRange:
      return readDeleteRangeAnswer(reader);
    case AnswerKind.range:
      return readRangeAnswer(reader);
    case AnswerKind.txn:
      return readTxnAnswer(reader, depthLeft);
    default:
      return reader.fail(`unknown kind of answer ${kind}`);
  }
}

function readPutAnswer(reader: ByteReader): PutAnswer {
  return { kind: 'put', prevKv: reader.boolean() ? readKeyValue(reader) : undefined };
}

function readDeleteRangeAnswer(reader: ByteReader): DeleteRangeAnswer {
  return { kind: 'deleteRange', deleted: reader.varint(), prevKvs: readKeyValues(reader) };
}

function readRangeAnswer(reader: ByteReader): RangeAnswer {
  const more = reader.boolean();
  const count = reader.varint();
  return { kind: 'range', kvs: readKeyValues(reader), count, more };
}

function readTxnAnswer(reader: ByteReader, depthLeft: number): TxnAnswer {
  if (depthLeft === 0) reader.fail('answers nested too deep');
  const succeeded = reader.boolean();
  const answers: OperationAnswer[] = [];
  for (let left = reader.count(2); left > 0; left--) {
    answers.push(readOperationAnswer(reader, reader.u8(), depthLeft - 1));
  }
  return { kind: 'txn', succeeded, answers };
}

function readKeyValues(reader: ByteReader): KeyValue[] {
  const kvs: KeyValue[] = [];
  for (let left = reader.count(KEY_VALUE_BYTES_MIN); left > 0; left--) kvs.push(readKeyValue(reader));
  return kvs;
}
