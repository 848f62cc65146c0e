import { ByteWriter } from '@flotilla/bytes';
import { invariant } from '@flotilla/errors';
import type { Message } from '@flotilla/raft-core';
import { decodeAll, expectVersion } from '../decoding.js';
import { messageLength, readMessage, writeMessage } from '../raft-message/message-codec.js';
import { SNAP } from '../raft-message/message-kinds.js';

const HEADER_VERSION = 1;
const ANSWER_VERSION = 1;
const STATUSES = ['installed', 'resume', 'refused'] as const;

/** What opens a snapshot's stream: the MsgSnap, whose content follows as the stream's bytes. */
export interface SnapshotStreamHeader {
  readonly clusterEpoch: number;
  readonly group: number;
  readonly incarnation: number;
  /** MsgSnap with the snapshot's mark and configuration, and no data. */
  readonly message: Message;
  /** Bytes of the whole content. */
  readonly size: number;
  /** CRC32C of the whole content. */
  readonly checksum: number;
  /** Where in the content the stream begins: above 0 it resumes what the receiver kept. */
  readonly offset: number;
}

/**
 * How a stream ended: `installed` (or not needed any more), `resume` (the receiver holds the content up to `offset`: open
 * another stream from there), `refused`.
 */
export interface SnapshotStreamAnswer {
  readonly status: (typeof STATUSES)[number];
  /** The receiver's term in the group; a higher one is stepped into the sender's. */
  readonly term: number;
  /** With `resume`, else 0. */
  readonly offset: number;
  /** With `refused`: an error as `encodeError` has it; else empty. */
  readonly error: Uint8Array;
}

/** The header's bytes. */
export function encodeSnapshotStreamHeader(header: SnapshotStreamHeader): Uint8Array {
  const { message } = header;
  invariant(message.type === SNAP, () => `a snapshot's stream with a message of kind ${message.type}`);
  const writer = new ByteWriter(80 + messageLength(message, message.from));
  writer.u8(HEADER_VERSION);
  writer.varint(header.clusterEpoch);
  writer.varint(header.group);
  writer.varint(header.incarnation);
  writer.varint(header.size);
  writer.u32(header.checksum);
  writer.varint(header.offset);
  writer.varint(message.from);
  writer.varint(message.to);
  writeMessage(writer, message, message.from);
  return writer.take();
}

/** Decodes a header. @throws {FlotillaError} MalformedFrame, IncompatibleVersion */
export function decodeSnapshotStreamHeader(bytes: Uint8Array): SnapshotStreamHeader {
  return decodeAll('header of a snapshot', bytes, (reader) => {
    expectVersion('the header of a snapshot', reader.u8(), HEADER_VERSION);
    const clusterEpoch = reader.varint();
    const group = reader.varint();
    const incarnation = reader.varint();
    const size = reader.varint();
    const checksum = reader.u32();
    const offset = reader.varint();
    if (offset > size) reader.fail(`begins at ${offset} of ${size} bytes`);
    const from = reader.varint();
    const to = reader.varint();
    const message = readMessage(reader, from, to);
    if (message.type !== SNAP) reader.fail(`carries a message of kind ${message.type}`);
    return { clusterEpoch, group, incarnation, message, size, checksum, offset };
  });
}

/** The answer's bytes. */
export function encodeSnapshotStreamAnswer(answer: SnapshotStreamAnswer): Uint8Array {
  const writer = new ByteWriter(24 + answer.error.length);
  writer.u8(ANSWER_VERSION);
  writer.u8(STATUSES.indexOf(answer.status));
  writer.varint(answer.term);
  writer.varint(answer.offset);
  writer.bytes(answer.error);
  return writer.take();
}

/** Decodes an answer. @throws {FlotillaError} MalformedFrame, IncompatibleVersion */
export function decodeSnapshotStreamAnswer(bytes: Uint8Array): SnapshotStreamAnswer {
  return decodeAll('answer to a snapshot', bytes, (reader) => {
    expectVersion('the answer to a snapshot', reader.u8(), ANSWER_VERSION);
    const status = STATUSES[reader.u8()] ?? reader.fail('unknown status');
    return { status, term: reader.varint(), offset: reader.varint(), error: reader.bytes() };
  });
}
