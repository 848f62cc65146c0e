import { type ByteReader, type ByteWriter, varintLength } from '@flotilla/bytes';
import { invariant } from '@flotilla/errors';
import type { Entry, EntryType, Message } from '@flotilla/raft-core';
import { readSnapshot, snapshotLength, writeSnapshot } from './conf-state-codec.js';
import { ENTRY_TYPE_MAX, NO_BYTES, NO_ENTRIES, NO_RESPONSES, PROP, SNAP, travels } from './message-kinds.js';

// Presence bits, in the order in which the fields follow. A field that is absent is 0, false or empty.
const HAS_FROM = 1 << 0;
const HAS_TERM = 1 << 1;
const HAS_LOG_TERM = 1 << 2;
const HAS_INDEX = 1 << 3;
const HAS_COMMIT = 1 << 4;
const HAS_REJECT_HINT = 1 << 5;
const HAS_CONTEXT = 1 << 6;
const HAS_ENTRIES = 1 << 7;
const HAS_SNAPSHOT = 1 << 8;
const IS_REJECT = 1 << 9;
const KNOWN_BITS = (1 << 10) - 1;

/** In an entry's first byte, beside its type: the term differs from the one before (the first: from the message's) and follows. */
const ENTRY_HAS_TERM = 1 << 2;
const ENTRY_TYPE_MASK = 3;

function presence(message: Message, sender: number): number {
  let bits = 0;
  if (message.from !== sender) bits |= HAS_FROM;
  if (message.term !== 0) bits |= HAS_TERM;
  if (message.logTerm !== 0) bits |= HAS_LOG_TERM;
  if (message.index !== 0) bits |= HAS_INDEX;
  if (message.commit !== 0) bits |= HAS_COMMIT;
  if (message.rejectHint !== 0) bits |= HAS_REJECT_HINT;
  if (message.context !== 0) bits |= HAS_CONTEXT;
  if (message.entries.length !== 0) bits |= HAS_ENTRIES;
  if (message.snapshot !== undefined) bits |= HAS_SNAPSHOT;
  if (message.reject) bits |= IS_REJECT;
  return bits;
}

/**
 * Exact bytes that `writeMessage` takes.
 *
 * @throws {InvariantViolation} for a message that never travels: a local kind, or entries that do not follow `index`.
 */
export function messageLength(message: Message, sender: number): number {
  invariant(travels(message.type), () => `messages of kind ${message.type} do not travel`);
  let length = 3;
  if (message.from !== sender) length += varintLength(message.from);
  if (message.term !== 0) length += varintLength(message.term);
  if (message.logTerm !== 0) length += varintLength(message.logTerm);
  if (message.index !== 0) length += varintLength(message.index);
  if (message.commit !== 0) length += varintLength(message.commit);
  if (message.rejectHint !== 0) length += varintLength(message.rejectHint);
  if (message.context !== 0) length += varintLength(message.context);
  if (message.entries.length !== 0) {
    length += message.type === PROP ? proposalsLength(message.entries) : entriesLength(message);
  }
  if (message.snapshot !== undefined) length += snapshotLength(message.snapshot);
  return length;
}

/** Kind, presence bits, then the fields that are present. `to` is the receiver of the batch; `from` is left out where it is `sender`. */
export function writeMessage(writer: ByteWriter, message: Message, sender: number): void {
  const bits = presence(message, sender);
  writer.u8(message.type);
  writer.u16(bits);
  if ((bits & HAS_FROM) !== 0) writer.varint(message.from);
  if ((bits & HAS_TERM) !== 0) writer.varint(message.term);
  if ((bits & HAS_LOG_TERM) !== 0) writer.varint(message.logTerm);
  if ((bits & HAS_INDEX) !== 0) writer.varint(message.index);
  if ((bits & HAS_COMMIT) !== 0) writer.varint(message.commit);
  if ((bits & HAS_REJECT_HINT) !== 0) writer.varint(message.rejectHint);
  if ((bits & HAS_CONTEXT) !== 0) writer.varint(message.context);
  if ((bits & HAS_ENTRIES) !== 0) {
    if (message.type === PROP) writeProposals(writer, message.entries);
    else writeEntries(writer, message);
  }
  if (message.snapshot !== undefined) writeSnapshot(writer, message.snapshot);
}

/** Reads what `writeMessage` wrote; entries' bytes are views. @throws MalformedBytes */
export function readMessage(reader: ByteReader, sender: number, receiver: number): Message {
  const type = reader.u8();
  if (!travels(type)) return reader.fail(`messages of kind ${type} do not travel`);
  const bits = reader.u16();
  if ((bits & ~KNOWN_BITS) !== 0) reader.fail(`unknown presence bits ${bits}`);
  const from = (bits & HAS_FROM) !== 0 ? reader.varint() : sender;
  const term = (bits & HAS_TERM) !== 0 ? reader.varint() : 0;
  const logTerm = (bits & HAS_LOG_TERM) !== 0 ? reader.varint() : 0;
  const index = (bits & HAS_INDEX) !== 0 ? reader.varint() : 0;
  const commit = (bits & HAS_COMMIT) !== 0 ? reader.varint() : 0;
  const rejectHint = (bits & HAS_REJECT_HINT) !== 0 ? reader.varint() : 0;
  const context = (bits & HAS_CONTEXT) !== 0 ? reader.varint() : 0;
  let entries = NO_ENTRIES;
  if ((bits & HAS_ENTRIES) !== 0) entries = type === PROP ? readProposals(reader) : readEntries(reader, term, index);
  const snapshot = (bits & HAS_SNAPSHOT) !== 0 ? readSnapshot(reader) : undefined;
  if ((snapshot !== undefined) !== (type === SNAP))
    reader.fail(`a message of kind ${type} with a wrong snapshot field`);
  const reject = (bits & IS_REJECT) !== 0;
  return {
    type,
    to: receiver,
    from,
    term,
    logTerm,
    index,
    entries,
    commit,
    vote: 0,
    snapshot,
    reject,
    rejectHint,
    context,
    responses: NO_RESPONSES,
  };
}

function entriesLength(message: Message): number {
  const { entries, index } = message;
  let term = message.term;
  let length = varintLength(entries.length);
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    if (entry === undefined) continue;
    invariant(entry.index === index + 1 + i, () => `entry ${entry.index} at place ${i} after index ${index}`);
    const size = entry.data.length;
    length += 1 + varintLength(size) + size;
    if (entry.term !== term) {
      term = entry.term;
      length += varintLength(term);
    }
  }
  return length;
}

/** A count; for each entry its type with the term bit, the term if it changes, length and bytes. Indexes follow the message's. */
function writeEntries(writer: ByteWriter, message: Message): void {
  let term = message.term;
  writer.varint(message.entries.length);
  for (const entry of message.entries) {
    if (entry.term === term) {
      writer.u8(entry.type);
    } else {
      term = entry.term;
      writer.u8(entry.type | ENTRY_HAS_TERM);
      writer.varint(term);
    }
    writer.bytes(entry.data);
  }
}

function readEntries(reader: ByteReader, messageTerm: number, messageIndex: number): Entry[] {
  const count = reader.count(2);
  if (count === 0) reader.fail('entries are present but none follows');
  if (messageIndex + count > Number.MAX_SAFE_INTEGER) reader.fail('entry indexes above 2^53-1');
  const entries: Entry[] = [];
  let term = messageTerm;
  for (let i = 1; i <= count; i++) {
    const head = reader.u8();
    if ((head & ~(ENTRY_TYPE_MASK | ENTRY_HAS_TERM)) !== 0) reader.fail(`unknown bits in an entry's head: ${head}`);
    if ((head & ENTRY_HAS_TERM) !== 0) term = reader.varint();
    entries.push({ term, index: messageIndex + i, type: entryType(reader, head), data: readData(reader) });
  }
  return entries;
}

function proposalsLength(entries: readonly Entry[]): number {
  let length = varintLength(entries.length);
  for (const entry of entries) length += 1 + varintLength(entry.data.length) + entry.data.length;
  return length;
}

/** A count; for each proposal its type, length and bytes. It has no term and index yet. */
function writeProposals(writer: ByteWriter, entries: readonly Entry[]): void {
  writer.varint(entries.length);
  for (const entry of entries) {
    writer.u8(entry.type);
    writer.bytes(entry.data);
  }
}

function readProposals(reader: ByteReader): Entry[] {
  const count = reader.count(2);
  if (count === 0) reader.fail('entries are present but none follows');
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    const head = reader.u8();
    if (head > ENTRY_TYPE_MAX) reader.fail(`unknown type of entry ${head}`);
    entries.push({ term: 0, index: 0, type: entryType(reader, head), data: readData(reader) });
  }
  return entries;
}

function entryType(reader: ByteReader, head: number): EntryType {
  const type = head & ENTRY_TYPE_MASK;
  switch (type) {
    case 0:
    case 1:
    case 2:
      return type;
    default:
      return reader.fail(`unknown type of entry ${type}`);
  }
}

function readData(reader: ByteReader): Uint8Array {
  const data = reader.bytes();
  return data.length === 0 ? NO_BYTES : data;
}
