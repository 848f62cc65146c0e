import { limitExceeded, malformedFrame } from '@flotilla/transport/multiplex';

/**
 * How messages are put into QUIC streams, version 1. All streams are bidirectional. Its opener begins a stream with one byte,
 * its kind; after that each side writes messages: a length (u32, little-endian) and that many bytes. A length of 2^32 - 1 ends a side,
 * and one more number (u32) follows. On the control stream it says how many other streams this side has ended in the life of the
 * connection, so that the other side knows when it has read all; elsewhere it is 0. Nothing depends on a FIN.
 */
export const StreamKind = {
  /** Opened by the dialler, first: the handshake, and pings. */
  CONTROL: 0,
  /** Opened by the dialler once its handshake is over: the lane of frames, both ways. */
  FRAMES: 1,
  /** Likewise: the lane of requests. */
  REQUESTS: 2,
  /** Opened by either side: one byte stream. */
  BYTES: 3,
} as const;

/** Datagrams, of one byte each. */
export const Datagram = { PING: 0x08, PONG: 0x09 } as const;

/** The bytes of a length. */
export const LENGTH_BYTES = 4;
/** Stands where a length would be. */
const END = 0xffff_ffff;

/** Writes messages one after the other, and what may stand before and behind them. */
export function joinMessages(prefix: Uint8Array, messages: readonly Uint8Array[], end: number | undefined): Uint8Array {
  let length = prefix.length + (end === undefined ? 0 : 2 * LENGTH_BYTES);
  for (const message of messages) length += LENGTH_BYTES + message.length;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes.set(prefix, 0);
  let at = prefix.length;
  for (const message of messages) {
    view.setUint32(at, message.length, true);
    bytes.set(message, at + LENGTH_BYTES);
    at += LENGTH_BYTES + message.length;
  }
  if (end !== undefined) {
    view.setUint32(at, END, true);
    view.setUint32(at + LENGTH_BYTES, end, true);
  }
  return bytes;
}

/** What a MessageSplitter finds. */
export interface MessageSink {
  message(bytes: Uint8Array): void;
  /** @param count The number that stands with the end. */
  end(count: number): void;
}

/** Takes the bytes of a stream apart into messages. Holds no more than what has arrived of one. */
export class MessageSplitter {
  readonly #address: string;
  readonly #sink: MessageSink;
  #parts: Uint8Array[] = [];
  #held = 0;
  #state: 'length' | 'body' | 'end' | 'over' = 'length';
  /** Bytes that are due next. */
  #due = LENGTH_BYTES;

  /** @param address Of the other side, for errors. */
  constructor(address: string, sink: MessageSink) {
    this.#address = address;
    this.#sink = sink;
  }

  /**
   * Takes bytes as they come.
   *
   * @param bytesMax The longest message that is allowed now.
   * @throws {FlotillaError} LimitExceeded; MalformedFrame for bytes after the end
   */
  push(bytes: Uint8Array, bytesMax: number): void {
    let at = 0;
    while (this.#state !== 'over' && this.#held + bytes.length - at >= this.#due) {
      const next = bytes.subarray(at, at + this.#due - this.#held);
      at += next.length;
      this.#take(this.#held === 0 ? next : this.#joined(next), bytesMax);
    }
    if (at === bytes.length) return;
    if (this.#state === 'over') throw malformedFrame(this.#address, 'bytes after the end of a channel');
    this.#parts.push(at === 0 ? bytes : bytes.subarray(at));
    this.#held += bytes.length - at;
  }

  #joined(last: Uint8Array): Uint8Array {
    const whole = new Uint8Array(this.#held + last.length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    whole.set(last, at);
    this.#parts = [];
    this.#held = 0;
    return whole;
  }

  #take(bytes: Uint8Array, bytesMax: number): void {
    if (this.#state === 'body') {
      this.#expect('length', LENGTH_BYTES);
      return this.#sink.message(bytes);
    }
    const number = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getUint32(0, true);
    if (this.#state === 'end') {
      this.#state = 'over';
      this.#sink.end(number);
    } else if (number === END) {
      this.#expect('end', LENGTH_BYTES);
    } else if (number > bytesMax) {
      throw limitExceeded('a message', bytesMax, number);
    } else {
      this.#expect('body', number);
    }
  }

  #expect(state: 'length' | 'body' | 'end', due: number): void {
    this.#state = state;
    this.#due = due;
  }
}
