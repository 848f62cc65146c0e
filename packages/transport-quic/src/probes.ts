import type { Datagrams } from '@flotilla/quic-transport-ponyfill';
import { Datagram } from './channel-format.js';

/** What a probe finds out. */
export interface ProbesOwner {
  /** A datagram of the other side arrived. */
  heard(): void;
}

/**
 * Keep-alive by datagrams. A question whether the other side lives is worth asking now or not at all: in a stream QUIC would send
 * it again and again to a peer that is gone, and it would wait behind what else the stream has. Frames are not: their order is promised.
 */
export class Probes {
  readonly #datagrams: Datagrams;
  readonly #owner: ProbesOwner;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** A datagram waits to be sent; another would say no more. */
  #sending = false;
  #stopped = false;

  constructor(datagrams: Datagrams, owner: ProbesOwner) {
    this.#datagrams = datagrams;
    this.#owner = owner;
    this.#reader = datagrams.readable.getReader();
    this.#writer = datagrams.createWritable().getWriter();
    void this.#read().catch(() => this.stop());
  }

  /** Asks; false where the path takes no datagrams. */
  send(): boolean {
    return this.#send(Datagram.PING);
  }

  #send(kind: number): boolean {
    if (this.#stopped || this.#datagrams.maxDatagramSize < 1) return false;
    if (this.#sending) return true;
    this.#sending = true;
    this.#writer.write(Uint8Array.of(kind)).then(
      () => {
        this.#sending = false;
      },
      () => this.stop(),
    );
    return true;
  }

  async #read(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done || this.#stopped) return;
      this.#owner.heard();
      if (value[0] === Datagram.PING) this.#send(Datagram.PONG);
    }
  }

  /** Nothing is asked or answered any more: the session is over, or takes no datagrams. */
  stop(): void {
    this.#stopped = true;
  }
}
