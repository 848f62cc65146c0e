import type { ByteReader, ByteWriter } from '@flotilla/bytes';
import type { CloseReason, OutgoingStream } from '../transport.js';
import { readAbortText } from './control-lane.js';
import { aborted, connectionClosed, limitExceeded, malformedFrame } from './errors.js';
import { MultiplexedIncomingStream } from './incoming-stream.js';
import type { Inlet } from './inlet.js';
import type { LaneHost, LaneOutlet } from './lane-host.js';
import { MultiplexedOutgoingStream } from './outgoing-stream.js';
import type { Outlet } from './outlet.js';
import { Piece, PIECE_BYTES_MAX, STREAM_HEADER_BYTES_MAX, STREAMS_MAX } from './pieces.js';

interface WaitingOpen {
  readonly header: Uint8Array;
  readonly signal: AbortSignal | undefined;
  onAbort: (() => void) | undefined;
  readonly resolve: (stream: OutgoingStream) => void;
  readonly reject: (error: Error) => void;
}

/** The ways of byte streams that have a channel each. */
export interface StreamChannels {
  /** A new channel; what the other side sends on it is for this stream. */
  open(stream: number): Outlet;
  /** A stream that the other side opened is over. */
  released(): void;
}

/**
 * The lane of byte streams. Where they share a way, those that have something to send take turns, and one that its receiver
 * does not read waits alone.
 */
export class StreamLane {
  readonly host: LaneHost;
  readonly #ways: LaneOutlet | StreamChannels;
  readonly #outgoing = new Map<number, MultiplexedOutgoingStream>();
  readonly #incoming = new Map<number, MultiplexedIncomingStream>();
  readonly #waiting: WaitingOpen[] = [];
  /** Streams that can write, in the order of their turns. */
  readonly #ring: MultiplexedOutgoingStream[] = [];
  #lastOpened = 0;
  #lastReceived = 0;

  /** @param ways The outlet that all streams share, or what gives each its own. */
  constructor(host: LaneHost, ways: LaneOutlet | StreamChannels) {
    this.host = host;
    this.#ways = ways;
  }

  /** Opens a stream; see `Connection.openStream`. */
  open(header: Uint8Array, signal: AbortSignal | undefined): Promise<OutgoingStream> {
    if (signal?.aborted === true) return Promise.reject(aborted('opening a stream', signal.reason, 'definite'));
    if (header.length > STREAM_HEADER_BYTES_MAX) {
      return Promise.reject(limitExceeded('the header of a stream', STREAM_HEADER_BYTES_MAX, header.length));
    }
    if (this.#outgoing.size < STREAMS_MAX && this.#waiting.length === 0) return Promise.resolve(this.#start(header));
    return new Promise((resolve, reject) => {
      const waiting: WaitingOpen = { header, signal, onAbort: undefined, resolve, reject };
      if (signal !== undefined) {
        waiting.onAbort = () => {
          this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
          this.#stopWaiting(waiting);
          reject(aborted('opening a stream', signal.reason, 'definite'));
        };
        signal.addEventListener('abort', waiting.onAbort);
      }
      this.#waiting.push(waiting);
    });
  }

  #start(header: Uint8Array): OutgoingStream {
    const number = ++this.#lastOpened;
    const stream =
      'open' in this.#ways ? this.#startOnChannel(number, this.#ways) : this.#startShared(number, this.#ways);
    this.#outgoing.set(number, stream);
    this.host.metrics.streamsOpened++;
    stream.outlet.control.pushBytes(Piece.STREAM_OPEN, number, header);
    stream.outlet.wake();
    return stream;
  }

  #startShared(number: number, outlet: LaneOutlet): MultiplexedOutgoingStream {
    return new MultiplexedOutgoingStream(number, {
      host: this.host,
      outlet,
      ready: (ready) => this.#enterRing(ready, outlet),
      over: (over) => this.#outgoingOver(over),
    });
  }

  #startOnChannel(number: number, channels: StreamChannels): MultiplexedOutgoingStream {
    const outlet = channels.open(number);
    const stream = new MultiplexedOutgoingStream(number, {
      host: this.host,
      outlet,
      ready: () => outlet.wake(),
      over: (over) => {
        outlet.retire();
        this.#outgoingOver(over);
      },
    });
    outlet.carry({
      get pendingBytes() {
        return stream.pendingBytes;
      },
      write: (writer, room) => stream.writePiece(writer, room),
    });
    return stream;
  }

  #stopWaiting(waiting: WaitingOpen): void {
    if (waiting.onAbort !== undefined) waiting.signal?.removeEventListener('abort', waiting.onAbort);
  }

  #enterRing(stream: MultiplexedOutgoingStream, outlet: LaneOutlet): void {
    if (!stream.inRing) {
      stream.inRing = true;
      this.#ring.push(stream);
    }
    outlet.wake();
  }

  #outgoingOver(stream: MultiplexedOutgoingStream): void {
    this.#outgoing.delete(stream.number);
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#stopWaiting(next);
    next.resolve(this.#start(next.header));
  }

  /** The most that `write` would write now, in bytes. */
  get pendingBytes(): number {
    let bytes = 0;
    for (const stream of this.#ring) bytes += stream.pendingBytes;
    return bytes === 0 ? 0 : bytes + 64;
  }

  /** Writes what the next stream in turn has, no more than `room` bytes, once all openings were written. */
  write(writer: ByteWriter, room: number): void {
    if ('control' in this.#ways && this.#ways.control.pendingBytes > 0) return;
    for (let stream = this.#ring.shift(); stream !== undefined; stream = this.#ring.shift()) {
      stream.inRing = false;
      const before = writer.length;
      if (stream.pendingBytes > 0) stream.writePiece(writer, room);
      if (stream.pendingBytes > 0) {
        stream.inRing = true;
        this.#ring.push(stream);
        return;
      }
      if (writer.length > before) return;
    }
  }

  /** The other side opened a stream. */
  readOpen(reader: ByteReader, inlet: Inlet): MultiplexedIncomingStream {
    const number = reader.varint();
    const header = reader.bytes();
    // Channels overtake each other; what shares a way comes in order.
    const known = inlet.lane === undefined ? number <= this.#lastReceived : this.#incoming.has(number);
    const unexpected = known || number === 0 || inlet.stream !== undefined;
    if (unexpected || header.length > STREAM_HEADER_BYTES_MAX || this.#incoming.size >= STREAMS_MAX) {
      throw malformedFrame(
        this.host.address,
        `stream ${number} with a header of ${header.length} bytes after stream ${this.#lastReceived}, with ${this.#incoming.size} open`,
      );
    }
    this.#lastReceived = Math.max(this.#lastReceived, number);
    if (inlet.lane !== undefined) inlet.stream = number;
    const { outlet } = inlet;
    const stream = new MultiplexedIncomingStream(number, header, {
      host: this.host,
      outlet,
      over: (over) => {
        this.#incoming.delete(over.number);
        if ('open' in this.#ways) {
          outlet.retire();
          this.#ways.released();
        }
      },
    });
    this.#incoming.set(number, stream);
    this.host.metrics.streamsReceived++;
    return stream;
  }

  #readNumber(reader: ByteReader, inlet: Inlet): number {
    const number = reader.varint();
    if (inlet.lane !== undefined && number !== inlet.stream) {
      throw malformedFrame(this.host.address, `a piece of stream ${number} on the channel of another`);
    }
    return number;
  }

  /** A piece of a stream that the other side opened. */
  readFromSender(kind: number, reader: ByteReader, inlet: Inlet): void {
    const number = this.#readNumber(reader, inlet);
    const stream = this.#incoming.get(number);
    if (stream === undefined) throw malformedFrame(this.host.address, `stream ${number} is not open`);
    if (kind === Piece.STREAM_DATA) stream.readData(reader.bytes(PIECE_BYTES_MAX));
    else if (kind === Piece.STREAM_END) stream.readEnd();
    else stream.readAbort(readAbortText(reader.bytes()));
  }

  /** A piece about a stream that this side opened. */
  readFromReceiver(kind: number, reader: ByteReader, inlet: Inlet): void {
    const number = this.#readNumber(reader, inlet);
    const stream = this.#outgoing.get(number);
    if (kind === Piece.STREAM_CREDIT) {
      const bytes = reader.varint();
      // Credit for what was discarded may cross the end of its stream.
      if (stream === undefined && number <= this.#lastOpened) return;
      if (stream !== undefined) return stream.readCredit(bytes);
    }
    if (stream === undefined) throw malformedFrame(this.host.address, `stream ${number} is not open`);
    const bytes = reader.bytes();
    if (kind === Piece.STREAM_ANSWER) stream.readAnswer(bytes);
    else stream.readRefusal(readAbortText(bytes));
  }

  /** All streams end with the connection. */
  end(reason: CloseReason): void {
    const error = connectionClosed(this.host.address, reason, 'unknown');
    for (const waiting of this.#waiting.splice(0)) {
      this.#stopWaiting(waiting);
      waiting.reject(connectionClosed(this.host.address, reason, 'definite'));
    }
    this.#ring.length = 0;
    for (const stream of this.#outgoing.values()) stream.fail(error);
    for (const stream of this.#incoming.values()) stream.fail(error);
    this.#outgoing.clear();
    this.#incoming.clear();
  }
}
