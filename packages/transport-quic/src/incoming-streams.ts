import type { BidirectionalStream } from '@flotilla/quic-transport-ponyfill';
import { asError } from '@flotilla/transport/multiplex';
import { type OpenStream, openStream } from './stream-channel.js';

/** What is done with the streams that the other side opens. */
export interface IncomingStreamsOwner {
  /** A stream and its kind. */
  opened(kind: number, stream: OpenStream): void;
  failed(error: Error): void;
}

/** Takes the streams that the other side opens, and reads what kind they are. One that says nothing holds up no other. */
export class IncomingStreams {
  readonly #reader: ReadableStreamDefaultReader<BidirectionalStream>;
  readonly #owner: IncomingStreamsOwner;
  #taken = 0;
  #takenMax: number;
  #waiting: (() => void) | undefined;
  #stopped = false;

  /** @param takenMax How many are taken before `takeAll`; the others wait, unread, in QUIC. */
  constructor(streams: ReadableStream<BidirectionalStream>, takenMax: number, owner: IncomingStreamsOwner) {
    this.#reader = streams.getReader();
    this.#takenMax = takenMax;
    this.#owner = owner;
    void this.#takeEach().catch((error: unknown) => this.#fail(error));
  }

  /** From now on all are taken. */
  takeAll(): void {
    this.#takenMax = Number.POSITIVE_INFINITY;
    this.#waiting?.();
  }

  /** No more are taken. */
  stop(): void {
    this.#stopped = true;
    this.#waiting?.();
  }

  async #takeEach(): Promise<void> {
    while (!this.#stopped) {
      if (this.#taken >= this.#takenMax) {
        await new Promise<void>((resolve) => {
          this.#waiting = resolve;
        });
        continue;
      }
      const { done, value } = await this.#reader.read();
      if (done) return;
      this.#taken++;
      void this.#identify(openStream(value)).catch((error: unknown) => this.#fail(error));
    }
  }

  async #identify(stream: OpenStream): Promise<void> {
    for (;;) {
      const { done, value } = await stream.reader.read();
      if (this.#stopped) return;
      if (done) throw new Error('a QUIC stream ended before its kind was known');
      const [kind] = value;
      if (kind === undefined) continue;
      return this.#owner.opened(kind, { ...stream, rest: value.subarray(1) });
    }
  }

  #fail(error: unknown): void {
    if (!this.#stopped) this.#owner.failed(asError(error));
  }
}
