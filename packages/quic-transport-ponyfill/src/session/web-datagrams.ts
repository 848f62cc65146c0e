import { Mailbox } from '../native/mailbox.js';
import { QuicError } from '../errors.js';
import type { Datagrams } from '../session.js';
import type { SessionCore } from './session-core.js';
import { bytesOf } from './web-streams.js';

/** The W3C face of a session's datagrams. */
export class WebDatagrams implements Datagrams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #core: () => SessionCore | undefined;
  readonly #arrived = new Mailbox<Uint8Array>();
  readonly #writables = new Set<WritableStreamDefaultController>();
  #incomingHighWaterMark: number;
  #outgoingHighWaterMark = 256;
  /** Sent since the event loop had its turn. */
  #sentThisTurn = 0;
  #turn: Promise<void> | undefined;
  #error: QuicError | undefined;
  #closed = false;

  /** @param core - undefined until the session is ready */
  constructor(core: () => SessionCore | undefined, incomingHighWaterMark: number) {
    this.#core = core;
    this.#incomingHighWaterMark = incomingHighWaterMark;
    this.readable = new ReadableStream(
      {
        pull: async (controller) => {
          const bytes = await this.#arrived.take();
          if (bytes === undefined) controller.close();
          else controller.enqueue(bytes);
        },
        cancel: () => this.#arrived.end(),
      },
      { highWaterMark: 0 },
    );
    this.writable = this.createWritable();
  }

  get maxDatagramSize(): number {
    return this.#core()?.native.maxDatagramSize ?? 0;
  }

  get incomingHighWaterMark(): number {
    return this.#incomingHighWaterMark;
  }

  set incomingHighWaterMark(value: number) {
    this.#incomingHighWaterMark = mark(value, 'incomingHighWaterMark');
    this.#dropOldest();
  }

  get outgoingHighWaterMark(): number {
    return this.#outgoingHighWaterMark;
  }

  set outgoingHighWaterMark(value: number) {
    this.#outgoingHighWaterMark = mark(value, 'outgoingHighWaterMark');
  }

  createWritable(): WritableStream<Uint8Array> {
    let own: WritableStreamDefaultController | undefined;
    const forget = (): void => {
      if (own !== undefined) this.#writables.delete(own);
    };
    return new WritableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        if (this.#error === undefined) this.#writables.add(controller);
        else controller.error(this.#error);
      },
      write: (chunk) => this.#send(bytesOf(chunk)),
      close: forget,
      abort: forget,
    });
  }

  /** Takes datagrams until the session ends. Never rejects. */
  async receive(core: SessionCore): Promise<void> {
    for (let bytes = await core.receiveDatagram(); bytes !== undefined; bytes = await core.receiveDatagram()) {
      this.#arrived.push(bytes);
      this.#dropOldest();
    }
  }

  /** The session has ended: well, or with an error. */
  end(error: QuicError, failed: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    if (failed) this.#arrived.fail(error);
    else this.#arrived.end();
    for (const controller of this.#writables) controller.error(error);
    this.#writables.clear();
  }

  /** Sends one, or drops it where it is too long (W3C WebTransport, writeDatagrams). */
  async #send(bytes: Uint8Array): Promise<void> {
    this.#core()?.native.sendDatagram(bytes);
    this.#sentThisTurn++;
    this.#turn ??= new Promise((resolve) => {
      setTimeout(() => {
        this.#sentThisTurn = 0;
        this.#turn = undefined;
        resolve();
      }, 0);
    });
    // The stacks drop what they have no room for and do not say so: the sender gets no further than a bounded burst ahead of them.
    if (this.#sentThisTurn >= this.#outgoingHighWaterMark) await this.#turn;
  }

  #dropOldest(): void {
    while (this.#arrived.size > this.#incomingHighWaterMark) this.#arrived.shift();
  }
}

function mark(value: number, name: string): number {
  if (!(value >= 0)) throw new QuicError('InvalidArgument', `${name} ${value} is no number of datagrams`);
  return Math.max(1, value);
}
