import { ByteReader } from '@flotilla/bytes';
import type { ConnectionEvents } from '../transport.js';
import { limitExceeded, malformedFrame } from './errors.js';
import type { FrameLane } from './frame-lane.js';
import type { Inlet } from './inlet.js';
import type { LaneHost } from './lane-host.js';
import type { Outlet } from './outlet.js';
import { MESSAGE_BYTES_MAX, Piece, PIECE_BYTES_MAX } from './pieces.js';
import type { RequestLane } from './request-lane.js';
import type { StreamLane } from './stream-lane.js';

/** What reading needs of the connection. */
export interface MessageReaderHost extends LaneHost {
  readonly isOpen: boolean;
  /** Calls the user back; one that throws ends the connection. */
  call(callback: () => void): void;
}

/** The lanes of a connection, and where answers to keep-alive leave. */
export interface Lanes {
  readonly frames: FrameLane;
  readonly requests: RequestLane;
  readonly streams: StreamLane;
  readonly keepAlive: Outlet;
}

/** Takes messages apart: each piece goes to its lane, and what is whole to the user. The frames of one message are handed up together. */
export class MessageReader {
  readonly #host: MessageReaderHost;
  readonly #lanes: Lanes;

  constructor(host: MessageReaderHost, lanes: Lanes) {
    this.#host = host;
    this.#lanes = lanes;
  }

  /** @throws {FlotillaError} LimitExceeded, MalformedFrame; MalformedBytes */
  read(bytes: Uint8Array, events: ConnectionEvents, inlet: Inlet): void {
    if (bytes.length > MESSAGE_BYTES_MAX) throw limitExceeded('a message', MESSAGE_BYTES_MAX, bytes.length);
    if (bytes.length === 0) throw malformedFrame(this.#host.address, 'an empty message');
    const reader = new ByteReader(bytes);
    let frames: Uint8Array[] = [];
    try {
      while (reader.remaining > 0 && this.#host.isOpen) {
        const kind = reader.u8();
        if (inlet.lane !== undefined && kind >> 4 !== inlet.lane) {
          throw malformedFrame(this.#host.address, `a piece of kind ${kind} on the channel of another lane`);
        }
        if (kind === Piece.FRAME) {
          frames.push(this.#lanes.frames.readEnd(reader.bytes(PIECE_BYTES_MAX)));
        } else {
          if (frames.length > 0 && (kind === Piece.REQUEST || kind === Piece.STREAM_OPEN)) {
            this.#deliverFrames(frames, events);
            frames = [];
          }
          this.#readPiece(kind, reader, events, inlet);
        }
      }
    } finally {
      if (frames.length > 0) this.#deliverFrames(frames, events);
    }
  }

  #deliverFrames(frames: readonly Uint8Array[], events: ConnectionEvents): void {
    if (!this.#host.isOpen) return;
    this.#host.metrics.framesReceived += frames.length;
    this.#host.call(() => events.frames(frames));
  }

  #readPiece(kind: number, reader: ByteReader, events: ConnectionEvents, inlet: Inlet): void {
    const { frames, requests, streams, keepAlive } = this.#lanes;
    switch (kind) {
      case Piece.FRAME_PART:
        return frames.readPart(reader.bytes(PIECE_BYTES_MAX));
      case Piece.REQUEST:
        return this.#readRequest(reader, events);
      case Piece.REPLY:
        return requests.readReply(reader);
      case Piece.REQUEST_PART:
        return requests.readPart(reader);
      case Piece.FAILURE:
        return requests.readFailure(reader);
      case Piece.CANCEL:
        return requests.readCancel(reader);
      case Piece.STREAM_OPEN: {
        const stream = streams.readOpen(reader, inlet);
        return this.#host.call(() => events.stream(stream));
      }
      case Piece.STREAM_DATA:
      case Piece.STREAM_END:
      case Piece.STREAM_ABORT:
        return streams.readFromSender(kind, reader, inlet);
      case Piece.STREAM_CREDIT:
      case Piece.STREAM_ANSWER:
      case Piece.STREAM_REFUSE:
        return streams.readFromReceiver(kind, reader, inlet);
      case Piece.PING:
        keepAlive.control.pong();
        return keepAlive.wake();
      case Piece.PONG:
        return;
      default:
        throw malformedFrame(this.#host.address, `a piece of kind ${kind}`);
    }
  }

  #readRequest(reader: ByteReader, events: ConnectionEvents): void {
    const { requests } = this.#lanes;
    const request = requests.readRequest(reader);
    if (request === undefined) return;
    try {
      requests.answer(request.number, events.request(request.body, request.signal));
    } catch (error) {
      requests.fail(request.number, error);
    }
  }
}
