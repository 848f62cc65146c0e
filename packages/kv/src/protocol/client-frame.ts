import { ByteReader, ByteWriter, MalformedBytes } from '@flotilla/bytes';
import { decodeError, encodeError, type FlotillaError } from '@flotilla/errors';
import { FrameKind } from '@flotilla/wire';
import { writeAnswer } from './answer-codec.js';
import { malformedAsFrame } from './command-codec.js';
import type { KeyRange } from './key-range.js';
import { KEY_BYTES_MAX } from './limits.js';
import type { CommandAnswer } from './operation.js';
import { readWatchEvent, WATCH_EVENT_BYTES_MIN, type WatchEvent } from './watch-event.js';

/**
 * Data travels on the ordered lane of a connection, both ways. One frame holds all messages of a turn: a byte
 * `FrameKind.Opaque`, a byte of version, then messages to the end. A message is a byte of kind, a varint id that the client
 * chose, and what the kind needs. Ids are the client's: one is free again once its answer, or the end of its watch, came.
 */
export const CLIENT_FRAME_VERSION = 1;

/** Bytes after which a sender closes a frame and begins another; one message may be longer. */
export const CLIENT_FRAME_BYTES_TARGET = 262_144;

/**
 * How fresh a read must be. `linearizable`: by the group's leader, which shows all that was acknowledged before. `follower`: the
 * same, by whichever replica is asked. `stale`: as this replica has it now, without asking anyone.
 */
export type Consistency = 'linearizable' | 'follower' | 'stale';

const CONSISTENCIES: readonly Consistency[] = ['linearizable', 'follower', 'stale'];

/** Proposes a session envelope (wire's `encodeSessionEnvelope`) to a group. Answered by `answer`. */
export interface ProposeMessage {
  readonly kind: 'propose';
  readonly id: number;
  readonly group: number;
  /** Around a command, or around nothing to open or end a session. */
  readonly envelope: Uint8Array;
}

/** Reads from a group: an encoded command whose operation is a range. Answered by `answer`. */
export interface ReadMessage {
  readonly kind: 'read';
  readonly id: number;
  readonly group: number;
  readonly consistency: Consistency;
  readonly command: Uint8Array;
}

/** The client waits no longer for the answer to `id`; none may come. What was proposed may still be applied. */
export interface CancelMessage {
  readonly kind: 'cancel';
  readonly id: number;
}

/** Begins a watch. Answered by `watchStarted`, or by `watchEnded`. */
export interface WatchMessage {
  readonly kind: 'watch';
  readonly id: number;
  readonly group: number;
  readonly keyspace: number;
  readonly range: KeyRange;
  /** First revision whose events are wanted; 0: those after now. */
  readonly startRevision: number;
  readonly prevKv: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  /** Sends `watchProgress` at intervals while there are no events. */
  readonly progress: boolean;
}

/** Ends a watch. Events that are under way may still come; `watchEnded` does not. */
export interface UnwatchMessage {
  readonly kind: 'unwatch';
  readonly id: number;
}

/** Asks for one `watchProgress`, which comes as soon as the watch has all events up to the replica's present revision. */
export interface ProgressMessage {
  readonly kind: 'progress';
  readonly id: number;
}

/** What a client says. */
export type ClientMessage =
  | ProposeMessage
  | ReadMessage
  | CancelMessage
  | WatchMessage
  | UnwatchMessage
  | ProgressMessage;

/**
 * The answer to `propose` and `read`: a byte 0 and then what `decodeAnswer` reads (nothing, for what opened or ended a
 * session), or a byte 1 and an encoded error. `answerOf` takes it apart.
 */
export interface AnswerMessage {
  readonly kind: 'answer';
  readonly id: number;
  readonly body: Uint8Array;
}

/** A watch began: its first event has at least revision `nextRevision`. */
export interface WatchStartedMessage {
  readonly kind: 'watchStarted';
  readonly id: number;
  readonly nextRevision: number;
}

/** Events of a watch, in order. */
export interface WatchEventsMessage {
  readonly kind: 'watchEvents';
  readonly id: number;
  /** With these, all events up to and including this revision were sent. A watch that breaks goes on from `through` + 1. */
  readonly through: number;
  /** The last events are of revision `through` + 1, of which more follow: hold them back until they are whole. */
  readonly partial: boolean;
  readonly events: readonly WatchEvent[];
}

/** All events up to and including `through` were sent. */
export interface WatchProgressMessage {
  readonly kind: 'watchProgress';
  readonly id: number;
  readonly through: number;
}

/** A watch ended for good: Compacted names where one can begin; other errors say where or when to try again. */
export interface WatchEndedMessage {
  readonly kind: 'watchEnded';
  readonly id: number;
  readonly error: FlotillaError;
}

/** What a server says. */
export type ServerMessage =
  | AnswerMessage
  | WatchStartedMessage
  | WatchEventsMessage
  | WatchProgressMessage
  | WatchEndedMessage;

const ClientKind = { propose: 1, read: 2, cancel: 3, watch: 4, unwatch: 5, progress: 6 } as const;
const ServerKind = { answer: 1, watchStarted: 2, watchEvents: 3, watchProgress: 4, watchEnded: 5 } as const;

const WATCH_HAS_END = 1;
const WATCH_PREV_KV = 2;
const WATCH_NO_PUT = 4;
const WATCH_NO_DELETE = 8;
const WATCH_PROGRESS = 16;
const WATCH_FLAGS = 31;

/** The first byte of an answer's body. */
const ANSWER_OK = 0;
const ANSWER_ERROR = 1;

/** Puts messages of one direction into frames. `take` hands the frame over and begins the next. */
class FrameWriter {
  protected readonly writer: ByteWriter = new ByteWriter(1_024);
  #lastLength = 1_024;

  /** Bytes in the frame so far; 0: no message. */
  get length(): number {
    return this.writer.length;
  }

  /** The frame; undefined where no message is in it. */
  take(): Uint8Array | undefined {
    if (this.writer.length === 0) return undefined;
    this.#lastLength = this.writer.length;
    return this.writer.take();
  }

  protected begin(kind: number, id: number): void {
    if (this.writer.length === 0) {
      this.writer.reserve(Math.min(CLIENT_FRAME_BYTES_TARGET, Math.max(256, this.#lastLength)));
      this.writer.u8(FrameKind.Opaque);
      this.writer.u8(CLIENT_FRAME_VERSION);
    }
    this.writer.u8(kind);
    this.writer.varint(id);
  }
}

/** Writes frames of a client's messages. */
export class ClientFrameWriter extends FrameWriter {
  propose(id: number, group: number, envelope: Uint8Array): void {
    this.begin(ClientKind.propose, id);
    this.writer.varint(group);
    this.writer.bytes(envelope);
  }

  read(id: number, group: number, consistency: Consistency, command: Uint8Array): void {
    this.begin(ClientKind.read, id);
    this.writer.varint(group);
    this.writer.u8(CONSISTENCIES.indexOf(consistency));
    this.writer.bytes(command);
  }

  cancel(id: number): void {
    this.begin(ClientKind.cancel, id);
  }

  watch(message: Omit<WatchMessage, 'kind'>): void {
    const { range } = message;
    this.begin(ClientKind.watch, message.id);
    this.writer.varint(message.group);
    this.writer.u8(
      (range.end === undefined ? 0 : WATCH_HAS_END) |
        (message.prevKv ? WATCH_PREV_KV : 0) |
        (message.noPut ? WATCH_NO_PUT : 0) |
        (message.noDelete ? WATCH_NO_DELETE : 0) |
        (message.progress ? WATCH_PROGRESS : 0),
    );
    this.writer.varint(message.keyspace);
    this.writer.varint(message.startRevision);
    this.writer.bytes(range.key);
    if (range.end !== undefined) this.writer.bytes(range.end);
  }

  unwatch(id: number): void {
    this.begin(ClientKind.unwatch, id);
  }

  progress(id: number): void {
    this.begin(ClientKind.progress, id);
  }
}

/** Writes frames of a server's messages. */
export class ServerFrameWriter extends FrameWriter {
  readonly #scratch = new ByteWriter(1_024);

  /** An answer whose body is at hand: the result of a session's state machine. */
  answer(id: number, body: Uint8Array): void {
    this.begin(ServerKind.answer, id);
    this.writer.bytes(body);
  }

  /** The answer of a read. */
  readAnswer(id: number, answer: CommandAnswer): void {
    this.#scratch.reset();
    this.#scratch.u8(ANSWER_OK);
    writeAnswer(this.#scratch, answer);
    this.begin(ServerKind.answer, id);
    this.writer.bytes(this.#scratch.view());
  }

  error(id: number, error: unknown): void {
    const encoded = encodeError(error);
    this.begin(ServerKind.answer, id);
    this.writer.varint(1 + encoded.length);
    this.writer.u8(ANSWER_ERROR);
    this.writer.raw(encoded);
  }

  watchStarted(id: number, nextRevision: number): void {
    this.begin(ServerKind.watchStarted, id);
    this.writer.varint(nextRevision);
  }

  /** `events`: each encoded by `writeWatchEvent`. */
  watchEvents(id: number, through: number, partial: boolean, events: readonly Uint8Array[]): void {
    this.begin(ServerKind.watchEvents, id);
    this.writer.varint(through);
    this.writer.boolean(partial);
    this.writer.varint(events.length);
    for (const event of events) this.writer.raw(event);
  }

  watchProgress(id: number, through: number): void {
    this.begin(ServerKind.watchProgress, id);
    this.writer.varint(through);
  }

  watchEnded(id: number, error: unknown): void {
    this.begin(ServerKind.watchEnded, id);
    this.writer.bytes(encodeError(error));
  }
}

/**
 * Calls back with each message of a client's frame, in order. Bytes in messages are views of the frame. Messages before a
 * malformed one were already given.
 *
 * @throws {FlotillaError} MalformedFrame for what is no frame of this version, and what `take` throws.
 */
export function readClientFrame(frame: Uint8Array, take: (message: ClientMessage) => void): void {
  readFrame(frame, (reader) => take(readClientMessage(reader)));
}

/** Calls back with each message of a server's frame, in order. The same rules as for `readClientFrame`. */
export function readServerFrame(frame: Uint8Array, take: (message: ServerMessage) => void): void {
  readFrame(frame, (reader) => take(readServerMessage(reader)));
}

function readFrame(frame: Uint8Array, next: (reader: ByteReader) => void): void {
  const reader = new ByteReader(frame);
  try {
    if (reader.u8() !== FrameKind.Opaque) reader.fail('not a frame of the key-value protocol');
    const version = reader.u8();
    if (version !== CLIENT_FRAME_VERSION) reader.fail(`frame of version ${version}`);
    while (reader.remaining > 0) next(reader);
  } catch (error) {
    throw malformedAsFrame(error, 'key-value frame');
  }
}

function readClientMessage(reader: ByteReader): ClientMessage {
  const kind = reader.u8();
  const id = reader.varint();
  switch (kind) {
    case ClientKind.propose:
      return { kind: 'propose', id, group: reader.varint(), envelope: reader.bytes() };
    case ClientKind.read: {
      const group = reader.varint();
      const consistency = CONSISTENCIES[reader.u8()] ?? reader.fail('unknown consistency');
      return { kind: 'read', id, group, consistency, command: reader.bytes() };
    }
    case ClientKind.cancel:
      return { kind: 'cancel', id };
    case ClientKind.watch:
      return readWatch(reader, id);
    case ClientKind.unwatch:
      return { kind: 'unwatch', id };
    case ClientKind.progress:
      return { kind: 'progress', id };
    default:
      return reader.fail(`unknown kind of message ${kind}`);
  }
}

function readWatch(reader: ByteReader, id: number): WatchMessage {
  const group = reader.varint();
  const flags = reader.u8();
  if ((flags & ~WATCH_FLAGS) !== 0) reader.fail(`unknown flags ${flags}`);
  const keyspace = reader.varint();
  const startRevision = reader.varint();
  const key = reader.bytes(KEY_BYTES_MAX);
  const end = (flags & WATCH_HAS_END) === 0 ? undefined : reader.bytes(KEY_BYTES_MAX);
  return {
    kind: 'watch',
    id,
    group,
    keyspace,
    range: { key, end },
    startRevision,
    prevKv: (flags & WATCH_PREV_KV) !== 0,
    noPut: (flags & WATCH_NO_PUT) !== 0,
    noDelete: (flags & WATCH_NO_DELETE) !== 0,
    progress: (flags & WATCH_PROGRESS) !== 0,
  };
}

function readServerMessage(reader: ByteReader): ServerMessage {
  const kind = reader.u8();
  const id = reader.varint();
  switch (kind) {
    case ServerKind.answer:
      return { kind: 'answer', id, body: reader.bytes() };
    case ServerKind.watchStarted:
      return { kind: 'watchStarted', id, nextRevision: reader.varint() };
    case ServerKind.watchEvents:
      return readWatchEvents(reader, id);
    case ServerKind.watchProgress:
      return { kind: 'watchProgress', id, through: reader.varint() };
    case ServerKind.watchEnded:
      return { kind: 'watchEnded', id, error: decodeError(reader.bytes()) };
    default:
      return reader.fail(`unknown kind of message ${kind}`);
  }
}

function readWatchEvents(reader: ByteReader, id: number): WatchEventsMessage {
  const through = reader.varint();
  const partial = reader.boolean();
  const events: WatchEvent[] = [];
  for (let left = reader.count(WATCH_EVENT_BYTES_MIN); left > 0; left--) events.push(readWatchEvent(reader));
  return { kind: 'watchEvents', id, through, partial, events };
}

/**
 * What is in the body of an answer: the bytes for `decodeAnswer`; empty for what opened or ended a session.
 *
 * @throws {FlotillaError} the error that the answer carries, or MalformedFrame.
 */
export function answerOf(body: Uint8Array): Uint8Array {
  if (body[0] === ANSWER_OK) return body.subarray(1);
  if (body[0] === ANSWER_ERROR) throw decodeError(body.subarray(1));
  throw malformedAsFrame(new MalformedBytes('a body that begins with neither 0 nor 1', 0), 'answer');
}
