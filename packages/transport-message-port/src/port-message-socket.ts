import { FlotillaError } from '@flotilla/errors';
import type { CloseReason, RemoteIdentity, TransportMetrics } from '@flotilla/transport';
import {
  LANE_ROOM_BYTES,
  malformedFrame,
  MESSAGE_BYTES_MAX,
  type MessageSocket,
  type MessageSocketEvents,
  UNSENT_BYTES_MAX,
} from '@flotilla/transport/multiplex';
import { isArrayBuffer, type PortLike, type PortMessage } from './port.js';

/** Above this many unsent bytes a sender may wait to be told that they are fewer. */
const WAITED_FOR_BYTES = UNSENT_BYTES_MAX - LANE_ROOM_BYTES;

/**
 * What travels over a port beside messages, which are ArrayBuffers: a number says how many bytes were taken since the last one, for a port
 * has no back-pressure of its own; a text says what became of the connection.
 */
const END = 'end';
const ENDED = 'ended';
const RESET = 'reset';

/** Messages over one port. */
export class PortMessageSocket implements MessageSocket {
  readonly remote: RemoteIdentity;
  readonly #port: PortLike;
  readonly #metrics: TransportMetrics;
  #events: MessageSocketEvents | undefined;
  /** An end that came before anybody listened. */
  #unreported: CloseReason | undefined;
  #state: 'open' | 'ended' | 'closed' = 'open';
  #unsentBytes = 0;
  #takenBytes = 0;

  constructor(port: PortLike, remote: RemoteIdentity, metrics: TransportMetrics) {
    this.remote = remote;
    this.#port = port;
    this.#metrics = metrics;
    port.addEventListener?.('close', () => this.#lost());
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  attach(events: MessageSocketEvents): void {
    this.#events = events;
    // A port keeps what arrives until it is listened to.
    this.#port.onmessage ??= ({ data }: PortMessage) => this.#receive(data);
    const unreported = this.#unreported;
    this.#unreported = undefined;
    if (unreported !== undefined) queueMicrotask(() => this.#events?.closed(unreported));
  }

  send(message: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#unsentBytes += message.length;
    // A copy of its own, which is then moved and not copied again: the message may be a window of a larger buffer.
    const { buffer } = message.slice();
    this.#port.postMessage(buffer, [buffer]);
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#port.postMessage(END);
  }

  destroy(error: Error): void {
    if (this.#state === 'closed') return;
    this.#port.postMessage(RESET);
    this.#close({ by: 'broken', error });
  }

  #receive(data: unknown): void {
    if (this.#state === 'closed') return;
    if (isArrayBuffer(data) && data.byteLength <= MESSAGE_BYTES_MAX) return this.#message(new Uint8Array(data));
    if (typeof data === 'number' && data > 0 && data <= this.#unsentBytes) return this.#acknowledged(data);
    if (data === RESET) return this.#lost();
    if (data === ENDED && this.#state === 'ended') return this.#close({ by: 'local', error: undefined });
    if (data === END) {
      const by = this.#state === 'ended' ? 'local' : 'remote';
      this.#port.postMessage(ENDED);
      return this.#close({ by, error: undefined });
    }
    this.#metrics.malformed++;
    this.destroy(malformedFrame(this.remote.address, `a port message that is none (${typeof data})`));
  }

  #message(message: Uint8Array): void {
    if (this.#takenBytes === 0) queueMicrotask(() => this.#acknowledge());
    this.#takenBytes += message.length;
    if (this.#state === 'open') this.#events?.message(message);
  }

  /** All that was taken in this turn is acknowledged at once. */
  #acknowledge(): void {
    if (this.#state === 'closed') return;
    this.#port.postMessage(this.#takenBytes);
    this.#takenBytes = 0;
  }

  #acknowledged(bytes: number): void {
    const waited = this.#unsentBytes > WAITED_FOR_BYTES;
    this.#unsentBytes -= bytes;
    if (waited && this.#state === 'open') this.#events?.sent();
  }

  #lost(): void {
    this.#close({
      by: 'broken',
      error: new FlotillaError('ConnectionClosed', {
        message: `the connection with ${this.remote.address} broke: the other side of the port is gone`,
        details: { address: this.remote.address },
      }),
    });
  }

  #close(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    // Later, since a port may drop what was posted just before it was closed, and since nobody is called back inside a call.
    queueMicrotask(() => {
      this.#port.close();
      if (this.#events === undefined) this.#unreported = reason;
      else this.#events.closed(reason);
    });
  }
}
