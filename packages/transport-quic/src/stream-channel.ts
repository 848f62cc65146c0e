import type { BidirectionalStream } from '@flotilla/quic-transport-ponyfill';
import {
  asError,
  type ChannelEvents,
  LANE_ROOM_BYTES,
  type MessageChannel,
  UNSENT_BYTES_MAX,
} from '@flotilla/transport/multiplex';
import { joinMessages, MessageSplitter } from './channel-format.js';

/** Above this many unsent bytes a sender may wait to be told that they are fewer. */
const WAITED_FOR_BYTES = UNSENT_BYTES_MAX - LANE_ROOM_BYTES;

/** A QUIC stream that is open, with what was read of it already. */
export interface OpenStream {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  /** Bytes that came behind its kind. */
  readonly rest: Uint8Array | undefined;
}

/** Takes a fresh stream. */
export function openStream(stream: BidirectionalStream): OpenStream {
  return { reader: stream.readable.getReader(), writer: stream.writable.getWriter(), rest: undefined };
}

/** What a channel tells the socket that it belongs to. */
export interface StreamChannelOwner {
  /** Of the other side, for errors. */
  readonly address: string;
  /** See {@link MessageChannel.messageBytesWanted}. */
  readonly messageBytesWanted: number | undefined;
  /** The longest message that is allowed now. */
  messageBytesMax(): number;
  /** This side is about to end its half. */
  halfEnding(): void;
  /** The other side ended its half. @param count The number that stands with the end. */
  halfEnded(count: number): void;
  /** Both halves ended. */
  over(channel: StreamChannel): void;
  /** The stream failed, or brought what is not of the format. */
  failed(error: Error): void;
}

/** Messages over one QUIC stream. There is one write at a time; what is sent meanwhile goes with the next. */
export class StreamChannel implements MessageChannel {
  readonly #owner: StreamChannelOwner;
  readonly #splitter: MessageSplitter;
  readonly #opening: Promise<OpenStream>;
  #stream: OpenStream | undefined;
  #events: ChannelEvents | undefined;
  /** What is due before all messages: the kind of the stream, where this side opened it. */
  #prefix: Uint8Array;
  #queue: Uint8Array[] = [];
  #unsentBytes = 0;
  #writing = false;
  /** The number that goes with this side's end. */
  #end: number | undefined;
  #endWritten = false;
  /** It was handed on, too. */
  #endSent = false;
  #endRead = false;
  #stopped = false;

  /**
   * @param opening Gives the stream; the channel may be written to before.
   * @param kind Of a stream that this side opens.
   */
  constructor(opening: Promise<OpenStream>, kind: number | undefined, owner: StreamChannelOwner) {
    this.#owner = owner;
    this.#opening = opening;
    this.#prefix = kind === undefined ? new Uint8Array(0) : Uint8Array.of(kind);
    this.#splitter = new MessageSplitter(owner.address, {
      message: (bytes) => this.#events?.message(bytes),
      end: (count) => {
        this.#endRead = true;
        owner.halfEnded(count);
      },
    });
    opening.then(
      (stream) => {
        this.#stream = stream;
        this.#write();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  attach(events: ChannelEvents): void {
    const first = this.#events === undefined;
    this.#events = events;
    if (first) void this.#opening.then((stream) => this.#read(stream)).catch((error: unknown) => this.#fail(error));
  }

  get messageBytesWanted(): number | undefined {
    return this.#owner.messageBytesWanted;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  send(message: Uint8Array): void {
    if (this.#stopped || this.#end !== undefined) return;
    this.#queue.push(message);
    this.#unsentBytes += message.length;
    this.#write();
  }

  end(count: number = 0): void {
    if (this.#stopped || this.#end !== undefined) return;
    this.#end = count;
    this.#owner.halfEnding();
    this.#write();
  }

  /** Nothing is sent or delivered any more: the connection is over. */
  stop(): void {
    this.#stopped = true;
    this.#queue = [];
  }

  #write(): void {
    if (this.#writing || this.#stream === undefined) return;
    this.#writing = true;
    this.#writeAll(this.#stream.writer).catch((error: unknown) => this.#fail(error));
  }

  async #writeAll(writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
    while (!this.#stopped && !this.#endWritten && this.#pending) {
      const messages = this.#queue;
      const bytes = joinMessages(this.#prefix, messages, this.#end);
      this.#endWritten = this.#end !== undefined;
      this.#queue = [];
      this.#prefix = new Uint8Array(0);
      await writer.write(bytes);
      this.#written(messages);
    }
    // Not later: what is queued from now on needs a new round.
    this.#writing = false;
    if (!this.#endWritten || this.#endSent || this.#stopped) return;
    this.#endSent = true;
    if (this.#endRead) this.#owner.over(this);
    await writer.close();
  }

  get #pending(): boolean {
    return this.#queue.length > 0 || this.#prefix.length > 0 || this.#end !== undefined;
  }

  #written(messages: readonly Uint8Array[]): void {
    const waited = this.#unsentBytes > WAITED_FOR_BYTES;
    for (const message of messages) this.#unsentBytes -= message.length;
    if (waited && !this.#stopped) this.#events?.sent();
  }

  async #read({ reader, rest }: OpenStream): Promise<void> {
    if (rest !== undefined) this.#received(rest);
    while (!this.#stopped) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!this.#stopped) this.#received(value);
    }
    if (this.#stopped) return;
    if (!this.#endRead) throw new Error('a QUIC stream of the connection ended before its channel did');
  }

  #received(bytes: Uint8Array): void {
    const before = this.#endRead;
    this.#splitter.push(bytes, this.#owner.messageBytesMax());
    if (!before && this.#endRead && this.#endSent) this.#owner.over(this);
  }

  #fail(error: unknown): void {
    // A stream whose both halves ended in the format may end as it likes.
    if (this.#stopped || (this.#endRead && this.#endWritten)) return;
    this.stop();
    this.#owner.failed(asError(error));
  }
}
