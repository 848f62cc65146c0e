import type { ByteReader, ByteWriter } from '@flotilla/bytes';
import type { ConfState, Snapshot } from '@flotilla/raft-core';
import { varintLength } from '@flotilla/bytes';

/** Bytes that `writeConfState` takes. */
export function confStateLength(state: ConfState): number {
  return (
    1 +
    idsLength(state.voters) +
    idsLength(state.learners) +
    idsLength(state.votersOutgoing) +
    idsLength(state.learnersNext)
  );
}

/** Four lists of node ids (voters, learners, votersOutgoing, learnersNext), then autoLeave as one byte. */
export function writeConfState(writer: ByteWriter, state: ConfState): void {
  writeIds(writer, state.voters);
  writeIds(writer, state.learners);
  writeIds(writer, state.votersOutgoing);
  writeIds(writer, state.learnersNext);
  writer.boolean(state.autoLeave);
}

/** Reads what `writeConfState` wrote. @throws MalformedBytes, also for a list that is not strictly ascending */
export function readConfState(reader: ByteReader): ConfState {
  return {
    voters: readIds(reader),
    learners: readIds(reader),
    votersOutgoing: readIds(reader),
    learnersNext: readIds(reader),
    autoLeave: reader.boolean(),
  };
}

/** Bytes that `writeSnapshot` takes. */
export function snapshotLength(snapshot: Snapshot): number {
  const size = snapshot.data.length;
  return (
    varintLength(snapshot.index) +
    varintLength(snapshot.term) +
    confStateLength(snapshot.confState) +
    varintLength(size) +
    size
  );
}

/** Index, term, configuration, and the application bytes, which Flotilla's host leaves empty. */
export function writeSnapshot(writer: ByteWriter, snapshot: Snapshot): void {
  writer.varint(snapshot.index);
  writer.varint(snapshot.term);
  writeConfState(writer, snapshot.confState);
  writer.bytes(snapshot.data);
}

/** Reads what `writeSnapshot` wrote; the bytes are a view. @throws MalformedBytes */
export function readSnapshot(reader: ByteReader): Snapshot {
  return { index: reader.varint(), term: reader.varint(), confState: readConfState(reader), data: reader.bytes() };
}

function idsLength(ids: readonly number[]): number {
  let length = varintLength(ids.length);
  for (const id of ids) length += varintLength(id);
  return length;
}

function writeIds(writer: ByteWriter, ids: readonly number[]): void {
  writer.varint(ids.length);
  for (const id of ids) writer.varint(id);
}

function readIds(reader: ByteReader): number[] {
  const count = reader.count(1);
  const ids: number[] = [];
  let previous = 0;
  for (let i = 0; i < count; i++) {
    const id = reader.varint();
    if (id <= previous) reader.fail(`node ids are not ascending: ${id} after ${previous}`);
    ids.push(id);
    previous = id;
  }
  return ids;
}
