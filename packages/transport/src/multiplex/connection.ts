import { ByteReader, ByteWriter } from '@flotilla/bytes';
import { FlotillaError, InvariantViolation } from '@flotilla/errors';
import type { Timer } from '@flotilla/runtime';
import type { TransportMetrics } from '../observe.js';
import type {
  CloseReason,
  Connection,
  ConnectionEvents,
  OutgoingStream,
  RemoteIdentity,
  TransportLimits,
} from '../transport.js';
import { ControlLane } from './control-lane.js';
import { asError, connectionClosed, limitExceeded, malformedBy, malformedFrame } from './errors.js';
import { FrameLane } from './frame-lane.js';
import type { LaneHost } from './lane-host.js';
import type { MessageSocket } from './message-socket.js';
import type { MultiplexOptions } from './options.js';
import { LANE_ROOM_BYTES, MESSAGE_BYTES_MAX, Piece, PIECE_BYTES_MAX, UNSENT_BYTES_MAX } from './pieces.js';
import { RequestLane } from './request-lane.js';
import { StreamLane } from './stream-lane.js';

/** A writer reserves a little more than it writes; with this it never has to grow. */
const WRITER_SLACK_BYTES = 16;

/** How long `close` waits for queued bytes to leave, in ms. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * Rounds of microtasks in which nothing more was queued, after which what is queued is sent. An async function that
 * returns a promise takes three.
 */
const QUIET_ROUNDS = 4;

/** What the handshake found out. */
export interface Opening {
  readonly dialled: boolean;
  readonly remoteHello: Uint8Array;
  /** What the other side takes. */
  readonly remoteLimits: Pick<TransportLimits, 'frameBytesMax' | 'requestsInFlightMax'>;
  /** Called once, when the connection is no more. */
  ended(): void;
}

/**
 * A Connection over any carrier of whole messages: frames, requests and streams as pieces of at most 64 KiB that take
 * turns, with at most 256 KiB left in the socket. What is queued in a turn leaves as one message at its end.
 */
export class MultiplexedConnection implements Connection, LaneHost {
  readonly remote: RemoteIdentity;
  readonly remoteHello: Uint8Array;
  readonly dialled: boolean;
  readonly address: string;
  readonly limits: TransportLimits;
  readonly sendLimits: Pick<TransportLimits, 'frameBytesMax' | 'requestsInFlightMax'>;
  readonly metrics: TransportMetrics;
  readonly control: ControlLane;
  readonly #socket: MessageSocket;
  readonly #options: MultiplexOptions;
  readonly #opening: Opening;
  readonly #frames: FrameLane;
  readonly #requests: RequestLane;
  readonly #streams: StreamLane;

  #state: 'open' | 'closing' | 'closed' = 'open';
  #events: ConnectionEvents | undefined;
  /** Messages that came before `attach`, and the end, if that came too. */
  #early: Uint8Array[] = [];
  #earlyEnd: CloseReason | undefined;
  #closeReason: CloseReason | undefined;
  readonly #closeWaiters: (() => void)[] = [];
  #socketEnded = false;

  #sendScheduled = false;
  /** Grows with all that is queued, so that the end of a turn can be told. */
  #queuedCount = 0;
  #queuedCountSeen = 0;
  #quietRounds = 0;
  readonly #onMicrotask = (): void => this.#sendAtEndOfTurn();

  #keepAliveTimer: Timer | undefined;
  #closeTimer: Timer | undefined;
  #heard = false;
  #missed = 0;

  constructor(socket: MessageSocket, options: MultiplexOptions, opening: Opening) {
    this.#socket = socket;
    this.#options = options;
    this.#opening = opening;
    this.remote = socket.remote;
    this.address = socket.remote.address;
    this.remoteHello = opening.remoteHello;
    this.dialled = opening.dialled;
    this.limits = options.limits;
    this.metrics = options.metrics;
    this.sendLimits = {
      frameBytesMax: Math.min(options.limits.frameBytesMax, opening.remoteLimits.frameBytesMax),
      requestsInFlightMax: Math.min(options.limits.requestsInFlightMax, opening.remoteLimits.requestsInFlightMax),
    };
    this.control = new ControlLane((error) => this.destroy(error));
    this.#frames = new FrameLane(options.limits);
    this.#requests = new RequestLane(this);
    this.#streams = new StreamLane(this);
    this.metrics.connectionsOpen++;
    if (opening.dialled) this.metrics.connectionsDialled++;
    else this.metrics.connectionsAccepted++;
    socket.attach({
      message: (bytes) => this.#message(bytes),
      sent: () => {
        if (!this.#sendScheduled) this.#send();
      },
      closed: (reason) => this.#socketClosed(reason),
    });
    options.runtime.nextTurn(() => this.#requireAttached());
    this.#armKeepAlive();
  }

  attach(events: ConnectionEvents): void {
    if (this.#events !== undefined)
      throw new InvariantViolation(`the connection with ${this.address} has events already`);
    this.#events = events;
    if (this.#early.length > 0 || this.#earlyEnd !== undefined) queueMicrotask(() => this.#deliverEarly());
    else if (this.#closeReason !== undefined) this.#reportClosedSoon(this.#closeReason);
  }

  #requireAttached(): void {
    if (this.#events !== undefined || this.#state === 'closed') return;
    const error = new InvariantViolation(
      `the connection with ${this.address} was handed up and not attached within the turn`,
    );
    this.report(error);
    this.destroy(error);
  }

  #deliverEarly(): void {
    const early = this.#early;
    this.#early = [];
    for (const message of early) this.#message(message);
    if (this.#earlyEnd !== undefined) this.#socketClosed(this.#earlyEnd);
  }

  // Sending

  sendFrame(frame: Uint8Array): boolean {
    if (frame.length > this.sendLimits.frameBytesMax) {
      throw limitExceeded('frameBytesMax', this.sendLimits.frameBytesMax, frame.length);
    }
    if (this.#state !== 'open' || !this.#frames.push(frame)) {
      this.metrics.framesRefused++;
      return false;
    }
    this.wake();
    return true;
  }

  get queued(): { readonly frames: number; readonly bytes: number } {
    return { frames: this.#frames.frames, bytes: this.#frames.bytes };
  }

  request(body: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array> {
    if (this.#state !== 'open') return Promise.reject(this.#closedError());
    return this.#requests.request(body, options?.signal);
  }

  openStream(header: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<OutgoingStream> {
    if (this.#state !== 'open') return Promise.reject(this.#closedError());
    return this.#streams.open(header, options?.signal);
  }

  #closedError(): FlotillaError<'ConnectionClosed'> {
    return connectionClosed(this.address, this.#closeReason ?? { by: 'local', error: undefined }, 'definite');
  }

  /** Sends at the end of this turn what was queued in it. */
  wake(): void {
    this.#queuedCount++;
    if (this.#sendScheduled || this.#state === 'closed') return;
    this.#sendScheduled = true;
    this.#queuedCountSeen = this.#queuedCount;
    this.#quietRounds = 0;
    queueMicrotask(this.#onMicrotask);
  }

  /** A turn ends when a few rounds of microtasks have queued nothing more: promise continuations of one event share a message. */
  #sendAtEndOfTurn(): void {
    this.#quietRounds = this.#queuedCount === this.#queuedCountSeen ? this.#quietRounds + 1 : 0;
    if (this.#quietRounds < QUIET_ROUNDS && this.#pendingBytes < UNSENT_BYTES_MAX) {
      this.#queuedCountSeen = this.#queuedCount;
      queueMicrotask(this.#onMicrotask);
      return;
    }
    this.#sendScheduled = false;
    this.#send();
  }

  get #pendingBytes(): number {
    return (
      this.control.pendingBytes + this.#frames.pendingBytes + this.#requests.pendingBytes + this.#streams.pendingBytes
    );
  }

  #send(): void {
    if (this.#state === 'closed') return;
    while (this.#sendMessage());
    if (this.#state === 'closing') this.#endWhenSent();
    else if (this.#frames.takeDrained()) this.#call(() => this.#events?.drained());
  }

  /** Sends one message of what is pending, if there is something and the socket has room for it. */
  #sendMessage(): boolean {
    const pending = this.#pendingBytes;
    const room = UNSENT_BYTES_MAX - this.#socket.unsentBytes;
    if (pending === 0 || (room < LANE_ROOM_BYTES && pending > room)) return false;
    const writer = new ByteWriter(Math.min(pending, room) + WRITER_SLACK_BYTES);
    let before: number;
    do {
      before = writer.length;
      this.control.write(writer, laneRoom(writer, room));
      this.metrics.framesSent += this.#frames.write(writer, laneRoom(writer, room));
      this.#requests.write(writer, laneRoom(writer, room));
      this.#streams.write(writer, laneRoom(writer, room));
    } while (writer.length > before);
    if (writer.length === 0) return false;
    this.metrics.messagesSent++;
    this.metrics.bytesSent += writer.length;
    this.#socket.send(writer.take());
    return true;
  }

  // Receiving

  #message(bytes: Uint8Array): void {
    if (this.#state !== 'open') return;
    if (this.#events === undefined || this.#early.length > 0) {
      this.#early.push(bytes);
      return;
    }
    this.#heard = true;
    this.metrics.messagesReceived++;
    this.metrics.bytesReceived += bytes.length;
    try {
      if (bytes.length > MESSAGE_BYTES_MAX) throw limitExceeded('a message', MESSAGE_BYTES_MAX, bytes.length);
      if (bytes.length === 0) throw malformedFrame(this.address, 'an empty message');
      this.#readMessage(new ByteReader(bytes), this.#events);
    } catch (error) {
      this.metrics.malformed++;
      this.#break(malformedBy(this.address, error));
    }
  }

  #readMessage(reader: ByteReader, events: ConnectionEvents): void {
    let frames: Uint8Array[] = [];
    try {
      while (reader.remaining > 0 && this.#state === 'open') {
        const kind = reader.u8();
        if (kind === Piece.FRAME) {
          frames.push(this.#frames.readEnd(reader.bytes(PIECE_BYTES_MAX)));
        } else {
          if (frames.length > 0 && (kind === Piece.REQUEST || kind === Piece.STREAM_OPEN)) {
            this.#deliverFrames(frames, events);
            frames = [];
          }
          this.#readPiece(kind, reader, events);
        }
      }
    } finally {
      if (frames.length > 0) this.#deliverFrames(frames, events);
    }
  }

  #deliverFrames(frames: readonly Uint8Array[], events: ConnectionEvents): void {
    if (this.#state !== 'open') return;
    this.metrics.framesReceived += frames.length;
    this.#call(() => events.frames(frames));
  }

  #readPiece(kind: number, reader: ByteReader, events: ConnectionEvents): void {
    switch (kind) {
      case Piece.FRAME_PART:
        return this.#frames.readPart(reader.bytes(PIECE_BYTES_MAX));
      case Piece.REQUEST:
        return this.#readRequest(reader, events);
      case Piece.REPLY:
        return this.#requests.readReply(reader);
      case Piece.REQUEST_PART:
        return this.#requests.readPart(reader);
      case Piece.FAILURE:
        return this.#requests.readFailure(reader);
      case Piece.CANCEL:
        return this.#requests.readCancel(reader);
      case Piece.STREAM_OPEN: {
        const stream = this.#streams.readOpen(reader);
        return this.#call(() => events.stream(stream));
      }
      case Piece.STREAM_DATA:
      case Piece.STREAM_END:
      case Piece.STREAM_ABORT:
        return this.#streams.readFromSender(kind, reader);
      case Piece.STREAM_CREDIT:
      case Piece.STREAM_ANSWER:
      case Piece.STREAM_REFUSE:
        return this.#streams.readFromReceiver(kind, reader);
      case Piece.PING:
        this.control.pong();
        return this.wake();
      case Piece.PONG:
        return;
      default:
        throw malformedFrame(this.address, `a piece of kind ${kind}`);
    }
  }

  #readRequest(reader: ByteReader, events: ConnectionEvents): void {
    const request = this.#requests.readRequest(reader);
    if (request === undefined) return;
    try {
      this.#requests.answer(request.number, events.request(request.body, request.signal));
    } catch (error) {
      this.#requests.fail(request.number, error);
    }
  }

  /** Calls the user back. One that throws broke the contract: its connection ends, and nothing else. */
  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.report(asError(error));
      this.destroy(
        new FlotillaError('Internal', {
          message: `a callback of the connection with ${this.address} threw`,
          details: { reason: 'a callback threw' },
          cause: error,
        }),
      );
    }
  }

  /** Reports the failure of a user's callback. */
  report(error: Error): void {
    this.#options.observe({ type: 'callback-failed', address: this.address, error });
  }

  // Liveness

  #armKeepAlive(): void {
    const keepAlive = this.#options.keepAlive;
    if (keepAlive === undefined) return;
    this.#keepAliveTimer = this.#options.runtime.setTimer(keepAlive.intervalMs, () => {
      this.#missed = this.#heard ? 0 : this.#missed + 1;
      this.#heard = false;
      if (this.#missed > keepAlive.missedMax) {
        const ms = keepAlive.intervalMs * this.#missed;
        this.#break(
          new FlotillaError('Timeout', {
            message: `${this.address} has sent nothing for ${ms} ms, not even an answer to a ping`,
            details: { operation: 'keep-alive', ms },
          }),
        );
        return;
      }
      if (this.#missed > 0) {
        this.control.push(Piece.PING);
        this.wake();
      }
      this.#armKeepAlive();
    });
  }

  // The end

  close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing';
      const reason: CloseReason = { by: 'local', error: undefined };
      this.#closeReason = reason;
      this.#endLanes(reason);
      this.#closeTimer = this.#options.runtime.setTimer(CLOSE_TIMEOUT_MS, () => {
        this.#socket.destroy(this.#closedError());
        this.#finish(reason);
      });
      this.wake();
    }
    if (this.#state === 'closed') return Promise.resolve();
    return new Promise((resolve) => this.#closeWaiters.push(resolve));
  }

  destroy(error: Error): void {
    if (this.#state === 'closed') return;
    this.#socket.destroy(error);
    this.#finish(this.#closeReason ?? { by: 'broken', error });
  }

  #break(error: Error): void {
    if (this.#state !== 'open') return;
    this.#socket.destroy(error);
    this.#finish({ by: 'broken', error });
  }

  #endWhenSent(): void {
    if (this.#pendingBytes > 0 || this.#socketEnded) return;
    this.#socketEnded = true;
    this.#socket.end();
  }

  #socketClosed(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    if (this.#events === undefined || this.#early.length > 0) this.#earlyEnd = reason;
    else this.#finish(this.#closeReason ?? reason);
  }

  #endLanes(reason: CloseReason): void {
    this.#requests.end(reason);
    this.#streams.end(reason);
  }

  #finish(reason: CloseReason): void {
    this.#closeReason = reason;
    if (this.#state === 'open') this.#endLanes(reason);
    this.#state = 'closed';
    this.#keepAliveTimer?.cancel();
    this.#closeTimer?.cancel();
    this.#frames.clear();
    this.#requests.clear();
    this.metrics.connectionsOpen--;
    if (reason.by === 'broken') {
      this.metrics.connectionsBroken++;
      const error = reason.error ?? connectionClosed(this.address, reason, 'unknown');
      this.#options.observe({ type: 'connection-broken', address: this.address, error });
    }
    this.#opening.ended();
    if (this.#events !== undefined) this.#reportClosedSoon(reason);
    for (const resolve of this.#closeWaiters.splice(0)) resolve();
  }

  /** Later than the call that ended it, and once. */
  #reportClosedSoon(reason: CloseReason): void {
    queueMicrotask(() => {
      try {
        this.#events?.closed(reason);
      } catch (error) {
        this.report(asError(error));
      }
    });
  }
}

function laneRoom(writer: ByteWriter, room: number): number {
  return Math.min(room - writer.length, LANE_ROOM_BYTES);
}
