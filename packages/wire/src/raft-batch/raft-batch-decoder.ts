import type { ByteReader } from '@flotilla/bytes';
import type { Message, MessageType } from '@flotilla/raft-core';
import { decodeAll, expectVersion } from '../decoding.js';
import { FrameKind } from '../frame/frame-kind.js';
import { readMessage } from '../raft-message/message-codec.js';
import { HEARTBEAT, HEARTBEAT_RESP, NO_ENTRIES, NO_RESPONSES } from '../raft-message/message-kinds.js';
import { type HeartbeatColumns, readHeartbeatColumns } from './heartbeat-columns.js';
import { RAFT_BATCH_VERSION } from './raft-batch-encoder.js';

/** A decoded batch: message `i` is of group `groups[i]` in its incarnation `incarnations[i]`. */
export interface RaftBatch {
  /** The sender's mark when it sent. */
  readonly clusterEpoch: number;
  /** The node that sent; the caller holds it against the connection's. */
  readonly from: number;
  /** The node it was sent to. */
  readonly to: number;
  readonly groups: readonly number[];
  readonly incarnations: readonly number[];
  /** Heartbeats first, then responses to them, then the others in the sender's order. Bytes are views into the frame. */
  readonly messages: readonly Message[];
}

/**
 * Decodes a frame of kind `RaftBatch`, all of it or nothing.
 *
 * @throws {FlotillaError} MalformedFrame, IncompatibleVersion
 */
export function decodeRaftBatch(frame: Uint8Array): RaftBatch {
  return decodeAll('Raft batch', frame, readRaftBatch);
}

function readRaftBatch(reader: ByteReader): RaftBatch {
  if (reader.u8() !== FrameKind.RaftBatch) reader.fail('not a Raft batch');
  expectVersion('a Raft batch', reader.u8(), RAFT_BATCH_VERSION);
  const clusterEpoch = reader.varint();
  const from = reader.varint();
  const to = reader.varint();
  if (from === 0 || to === 0) reader.fail('a batch from or to nobody');
  const groups: number[] = [];
  const incarnations: number[] = [];
  const messages: Message[] = [];
  const heartbeats = (type: MessageType, columns: HeartbeatColumns): void => {
    for (let i = 0; i < columns.group.length; i++) {
      groups.push(columns.group[i] ?? 0);
      incarnations.push(columns.incarnation[i] ?? 0);
      messages.push(heartbeat(type, to, from, columns, i));
    }
  };
  heartbeats(HEARTBEAT, readHeartbeatColumns(reader));
  heartbeats(HEARTBEAT_RESP, readHeartbeatColumns(reader));
  const count = reader.count(5);
  for (let i = 0; i < count; i++) {
    groups.push(reader.varint());
    incarnations.push(reader.varint());
    messages.push(readMessage(reader, from, to));
  }
  return { clusterEpoch, from, to, groups, incarnations, messages };
}

function heartbeat(type: MessageType, to: number, from: number, columns: HeartbeatColumns, row: number): Message {
  return {
    type,
    to,
    from,
    term: columns.term[row] ?? 0,
    logTerm: 0,
    index: 0,
    entries: NO_ENTRIES,
    commit: columns.commit[row] ?? 0,
    vote: 0,
    snapshot: undefined,
    reject: false,
    rejectHint: 0,
    context: columns.context[row] ?? 0,
    responses: NO_RESPONSES,
  };
}
