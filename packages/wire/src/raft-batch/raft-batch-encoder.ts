import { ByteWriter, varintLength } from '@flotilla/bytes';
import { FlotillaError, invariant } from '@flotilla/errors';
import type { Message } from '@flotilla/raft-core';
import { BATCH_BYTES_TARGET, FRAME_BYTES_MAX, HEARTBEATS_PER_FRAME_MAX } from '../format-constants.js';
import { FrameKind } from '../frame/frame-kind.js';
import { messageLength, writeMessage } from '../raft-message/message-codec.js';
import { HEARTBEAT, HEARTBEAT_RESP } from '../raft-message/message-kinds.js';
import {
  emptyHeartbeatColumns,
  type HeartbeatColumns,
  heartbeatColumnsLength,
  writeHeartbeatColumns,
} from './heartbeat-columns.js';

/** Version of the batch's format. */
export const RAFT_BATCH_VERSION = 1;

/** What a row of heartbeats takes at most: five varints. */
const HEARTBEAT_BYTES_MAX = 40;
/** Count and modes of a section of heartbeats at most. */
const SECTION_BYTES_MAX = 8;

/** Of a batch encoder. */
export interface RaftBatchEncoderOptions {
  /** The node that sends: the `from` of almost all messages. */
  readonly from: number;
  /** The node that receives: the `to` of all messages. */
  readonly to: number;
  /** Frames do not exceed it but where a single message does (default 1 MiB). */
  readonly targetBytes?: number;
  /** A message that would make a frame longer is refused (default 8 MiB). */
  readonly frameBytesMax?: number;
}

/**
 * Collects what a turn has for one peer, of all groups, and encodes it as few frames: heartbeats first, column by column,
 * then the other messages in the order in which they came. One instance serves one peer for good: `finish` empties it.
 *
 * Each byte of an entry is copied once, into a frame of exactly the right length; nothing of a message is kept after `finish`.
 */
export class RaftBatchEncoder {
  readonly #from: number;
  readonly #to: number;
  readonly #targetBytes: number;
  readonly #frameBytesMax: number;
  #heartbeats: HeartbeatColumns = emptyHeartbeatColumns();
  #responses: HeartbeatColumns = emptyHeartbeatColumns();
  #groups: number[] = [];
  #incarnations: number[] = [];
  #messages: Message[] = [];
  #lengths: number[] = [];
  #messageBytes = 0;

  constructor(options: RaftBatchEncoderOptions) {
    this.#from = options.from;
    this.#to = options.to;
    this.#targetBytes = options.targetBytes ?? BATCH_BYTES_TARGET;
    this.#frameBytesMax = options.frameBytesMax ?? FRAME_BYTES_MAX;
  }

  /** Messages added since the last `finish`. */
  get size(): number {
    return this.#messages.length + this.#heartbeats.group.length + this.#responses.group.length;
  }

  /** Bytes that the frames will take, or a little less: heartbeats are counted at what they take at most. */
  get byteLength(): number {
    return this.#messageBytes + (this.#heartbeats.group.length + this.#responses.group.length) * HEARTBEAT_BYTES_MAX;
  }

  /**
   * Adds a message of a group; `incarnation` is the group's (the index of its creation in group 0; 0 at bootstrap).
   *
   * @throws {FlotillaError} LimitExceeded, definite, for a message that no frame can hold; the batch is as before.
   * @throws {InvariantViolation} for a message to another node, or of a kind that never travels.
   */
  add(group: number, incarnation: number, message: Message): void {
    invariant(message.to === this.#to, () => `a message to node ${message.to} in a batch to node ${this.#to}`);
    if (this.#fitsColumns(message)) {
      const columns = message.type === HEARTBEAT ? this.#heartbeats : this.#responses;
      columns.group.push(group);
      columns.incarnation.push(incarnation);
      columns.term.push(message.term);
      columns.commit.push(message.commit);
      columns.context.push(message.context);
      return;
    }
    const length = varintLength(group) + varintLength(incarnation) + messageLength(message, this.#from);
    const frameLength = this.#headerLength(0) + 2 * SECTION_BYTES_MAX + length;
    if (frameLength > this.#frameBytesMax) throw tooLong(group, frameLength, this.#frameBytesMax);
    this.#groups.push(group);
    this.#incarnations.push(incarnation);
    this.#messages.push(message);
    this.#lengths.push(length);
    this.#messageBytes += length;
  }

  #fitsColumns(message: Message): boolean {
    return (
      (message.type === HEARTBEAT || message.type === HEARTBEAT_RESP) &&
      message.from === this.#from &&
      message.logTerm === 0 &&
      message.index === 0 &&
      message.rejectHint === 0 &&
      !message.reject &&
      message.entries.length === 0 &&
      message.snapshot === undefined
    );
  }

  /** The frames of all that was added, in the order in which they are to be sent; none for an empty batch. Empties the encoder. */
  finish(clusterEpoch: number): Uint8Array[] {
    const frames: Uint8Array[] = [];
    let heartbeats = 0;
    let responses = 0;
    let messages = 0;
    while (
      heartbeats < this.#heartbeats.group.length ||
      responses < this.#responses.group.length ||
      messages < this.#messages.length
    ) {
      const heartbeatsEnd = Math.min(this.#heartbeats.group.length, heartbeats + this.#rowsAtOnce());
      const responsesEnd = Math.min(this.#responses.group.length, responses + this.#rowsAtOnce());
      const columnBytes =
        heartbeatColumnsLength(this.#heartbeats, heartbeats, heartbeatsEnd) +
        heartbeatColumnsLength(this.#responses, responses, responsesEnd);
      let length = this.#headerLength(clusterEpoch) + columnBytes;
      let messagesEnd = messages;
      const bare = heartbeatsEnd === heartbeats && responsesEnd === responses;
      for (; messagesEnd < this.#messages.length; messagesEnd++) {
        const grown = length + (this.#lengths[messagesEnd] ?? 0);
        // The first message of a frame without heartbeats goes whatever its length; a longer one never shares a frame.
        if (grown + SECTION_BYTES_MAX > this.#targetBytes && !(bare && messagesEnd === messages)) break;
        length = grown;
      }
      const writer = new ByteWriter(length + varintLength(messagesEnd - messages));
      this.#writeHeader(writer, clusterEpoch);
      writeHeartbeatColumns(writer, this.#heartbeats, heartbeats, heartbeatsEnd);
      writeHeartbeatColumns(writer, this.#responses, responses, responsesEnd);
      this.#writeMessages(writer, messages, messagesEnd);
      frames.push(writer.take());
      heartbeats = heartbeatsEnd;
      responses = responsesEnd;
      messages = messagesEnd;
    }
    this.reset();
    return frames;
  }

  /** Drops all that was added. */
  reset(): void {
    if (this.#heartbeats.group.length > 0) this.#heartbeats = emptyHeartbeatColumns();
    if (this.#responses.group.length > 0) this.#responses = emptyHeartbeatColumns();
    if (this.#messages.length > 0) {
      this.#groups = [];
      this.#incarnations = [];
      this.#messages = [];
      this.#lengths = [];
      this.#messageBytes = 0;
    }
  }

  /** So many rows of either kind that both sections stay below half of the target. */
  #rowsAtOnce(): number {
    return Math.max(1, Math.min(HEARTBEATS_PER_FRAME_MAX, Math.floor(this.#targetBytes / (4 * HEARTBEAT_BYTES_MAX))));
  }

  #headerLength(clusterEpoch: number): number {
    return 2 + varintLength(clusterEpoch) + varintLength(this.#from) + varintLength(this.#to);
  }

  #writeHeader(writer: ByteWriter, clusterEpoch: number): void {
    writer.u8(FrameKind.RaftBatch);
    writer.u8(RAFT_BATCH_VERSION);
    writer.varint(clusterEpoch);
    writer.varint(this.#from);
    writer.varint(this.#to);
  }

  #writeMessages(writer: ByteWriter, start: number, end: number): void {
    writer.varint(end - start);
    for (let i = start; i < end; i++) {
      const message = this.#messages[i];
      if (message === undefined) continue;
      writer.varint(this.#groups[i] ?? 0);
      writer.varint(this.#incarnations[i] ?? 0);
      writeMessage(writer, message, this.#from);
    }
  }
}

function tooLong(group: number, actual: number, maximum: number): FlotillaError<'LimitExceeded'> {
  return new FlotillaError('LimitExceeded', {
    message:
      `a message of group ${group} would take a frame of ${actual} bytes, and a frame holds at most ${maximum}. ` +
      'It was not sent; propose smaller commands, or lower the size of an append',
    details: { limit: 'frameBytesMax', maximum, actual },
  });
}
