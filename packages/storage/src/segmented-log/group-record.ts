import { type ByteReader, type ByteWriter } from '@flotilla/bytes';
import type { ConfState, Entry, EntryType, HardState } from '@flotilla/raft-core';
import type { GroupWrite, SnapshotMark } from '../log-engine.js';

/*
 * What a batch does to one group, as bytes: varint group, a byte of flags, then the fields that the flags name, in the order of
 * the flags.
 */
const REMOVED = 1;
const SNAPSHOT_MARK = 2;
const RESET_LOG = 4;
const HARD_STATE = 8;
const ENTRIES = 16;
const COMPACT_TO = 32;
const KNOWN_FLAGS = 63;

const VARINT_MAX = 8;
const ENTRY_TYPE_MAX: typeof EntryType.ConfChangeV2 = 2;

/** Bytes that the record takes at most. */
export function groupWriteBytesMax(write: GroupWrite): number {
  let bytes = 1 + 8 * VARINT_MAX;
  if (write.snapshotMark !== undefined) {
    const { voters, learners, votersOutgoing, learnersNext } = write.snapshotMark.confState;
    const ids = voters.length + learners.length + votersOutgoing.length + learnersNext.length;
    bytes += 1 + VARINT_MAX * (6 + ids);
  }
  const entries = write.entries;
  if (entries !== undefined) {
    bytes += 2 * VARINT_MAX;
    for (let i = 0; i < entries.length; i++) bytes += 1 + 2 * VARINT_MAX + (entries[i]?.data.length ?? 0);
  }
  return bytes;
}

/** Writes the record. The write was accepted by LogShape, so all numbers are safe integers. */
export function encodeGroupWrite(writer: ByteWriter, write: GroupWrite): void {
  const { snapshotMark, hardState, entries, compactTo } = write;
  let flags = 0;
  if (write.removed === true) flags |= REMOVED;
  if (snapshotMark !== undefined) flags |= SNAPSHOT_MARK;
  if (write.resetLog === true) flags |= RESET_LOG;
  if (hardState !== undefined) flags |= HARD_STATE;
  if (entries !== undefined && entries.length > 0) flags |= ENTRIES;
  if (compactTo !== undefined) flags |= COMPACT_TO;
  writer.varint(write.group);
  writer.u8(flags);
  if (snapshotMark !== undefined) {
    writer.varint(snapshotMark.index);
    writer.varint(snapshotMark.term);
    encodeConfState(writer, snapshotMark.confState);
  }
  if (hardState !== undefined) {
    writer.varint(hardState.term);
    writer.varint(hardState.vote);
    writer.varint(hardState.commit);
  }
  if (entries !== undefined && entries.length > 0) encodeEntries(writer, entries);
  if (compactTo !== undefined) writer.varint(compactTo);
}

/**
 * Reads one record. The data of entries are views of the reader's bytes.
 *
 * @throws MalformedBytes
 */
export function decodeGroupWrite(reader: ByteReader): GroupWrite {
  const group = reader.varint();
  const flags = reader.u8();
  if ((flags & ~KNOWN_FLAGS) !== 0) reader.fail(`unknown flags ${flags}`);
  const snapshotMark = (flags & SNAPSHOT_MARK) === 0 ? undefined : decodeSnapshotMark(reader);
  const hardState = (flags & HARD_STATE) === 0 ? undefined : decodeHardState(reader);
  const entries = (flags & ENTRIES) === 0 ? undefined : decodeEntries(reader);
  const compactTo = (flags & COMPACT_TO) === 0 ? undefined : reader.varint();
  return {
    group,
    ...((flags & REMOVED) === 0 ? {} : { removed: true }),
    ...(snapshotMark === undefined ? {} : { snapshotMark }),
    ...((flags & RESET_LOG) === 0 ? {} : { resetLog: true }),
    ...(hardState === undefined ? {} : { hardState }),
    ...(entries === undefined ? {} : { entries }),
    ...(compactTo === undefined ? {} : { compactTo }),
  };
}

/** Writes a configuration: four counted lists of ids and a boolean. */
export function encodeConfState(writer: ByteWriter, confState: ConfState): void {
  encodeIds(writer, confState.voters);
  encodeIds(writer, confState.learners);
  encodeIds(writer, confState.votersOutgoing);
  encodeIds(writer, confState.learnersNext);
  writer.boolean(confState.autoLeave);
}

/** @throws MalformedBytes */
export function decodeConfState(reader: ByteReader): ConfState {
  return {
    voters: decodeIds(reader),
    learners: decodeIds(reader),
    votersOutgoing: decodeIds(reader),
    learnersNext: decodeIds(reader),
    autoLeave: reader.boolean(),
  };
}

function encodeEntries(writer: ByteWriter, entries: readonly Entry[]): void {
  writer.varint(entries[0]?.index ?? 0);
  writer.varint(entries.length);
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    if (entry === undefined) continue;
    writer.varint(entry.term);
    writer.u8(entry.type);
    writer.bytes(entry.data);
  }
}

function decodeEntries(reader: ByteReader): Entry[] {
  const first = reader.varint();
  const count = reader.count(3);
  if (first === 0 || !Number.isSafeInteger(first + count)) reader.fail(`${count} entries from index ${first} on`);
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    const term = reader.varint();
    const type = decodeEntryType(reader);
    entries.push({ term, index: first + i, type, data: reader.bytes() });
  }
  return entries;
}

function decodeEntryType(reader: ByteReader): EntryType {
  const type = reader.u8();
  return type <= ENTRY_TYPE_MAX ? (type as EntryType) : reader.fail(`unknown entry type ${type}`);
}

function decodeSnapshotMark(reader: ByteReader): SnapshotMark {
  return { index: reader.varint(), term: reader.varint(), confState: decodeConfState(reader) };
}

function decodeHardState(reader: ByteReader): HardState {
  return { term: reader.varint(), vote: reader.varint(), commit: reader.varint() };
}

function encodeIds(writer: ByteWriter, ids: readonly number[]): void {
  writer.varint(ids.length);
  for (const id of ids) writer.varint(id);
}

function decodeIds(reader: ByteReader): number[] {
  const count = reader.count(1);
  const ids: number[] = [];
  for (let i = 0; i < count; i++) ids.push(reader.varint());
  return ids;
}
