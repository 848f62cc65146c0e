import type { CloseReason, RemoteIdentity, TransportMetrics } from '@flotilla/transport';
import {
  LANE_ROOM_BYTES,
  malformedFrame,
  MESSAGE_BYTES_MAX,
  type MessageSocket,
  type MessageSocketEvents,
  UNSENT_BYTES_MAX,
} from '@flotilla/transport/multiplex';
import type { ClientOptions, RawData, ServerOptions, WebSocket } from 'ws';
import { CLOSE_NORMAL, closeReason } from './close-codes.js';

/** Above this many unsent bytes a sender may wait to be told that they are fewer. */
const WAITED_FOR_BYTES = UNSENT_BYTES_MAX - LANE_ROOM_BYTES;
/** Pings of the WebSocket itself are answered only while so few bytes are unsent. */
const PONG_UNSENT_BYTES_MAX = 16 * 1024;
/** So many messages may have been sent before their lengths are forgotten. */
const SENT_LENGTHS_MAX = 1_024;
/** How long the other side may take to answer a closing, in ms. */
const CLOSE_TIMEOUT_MS = 1_000;

/** The types of the library lack two of its options. */
type WsOptions = ClientOptions & ServerOptions & { readonly maxBufferedChunks: number; readonly closeTimeout: number };

/** What both sides tell the library: no compression (bombs, CRIME), and bounds on what one message may be made of. */
export const wsOptions: WsOptions = {
  perMessageDeflate: false,
  maxPayload: MESSAGE_BYTES_MAX,
  autoPong: false,
  skipUTF8Validation: true,
  maxFragments: 256,
  maxBufferedChunks: 16_384,
  closeTimeout: CLOSE_TIMEOUT_MS,
};

/** Messages over an open WebSocket of the library `ws`. */
export class WsMessageSocket implements MessageSocket {
  readonly remote: RemoteIdentity;
  readonly #socket: WebSocket;
  readonly #metrics: TransportMetrics;
  #events: MessageSocketEvents | undefined;
  #early: (() => void)[] = [];
  #unsentBytes = 0;
  /** Lengths of the messages that the system has not taken, in order, from `#unsentHead` on. */
  #unsent: number[] = [];
  #unsentHead = 0;
  readonly #onSent = (): void => this.#sent();
  #error: Error | undefined;
  #ended = false;
  #over = false;

  constructor(socket: WebSocket, remote: RemoteIdentity, metrics: TransportMetrics) {
    this.remote = remote;
    this.#socket = socket;
    this.#metrics = metrics;
    socket.on('message', (data, isBinary) => this.#message(data, isBinary));
    socket.on('ping', (data) => {
      if (socket.readyState === socket.OPEN && socket.bufferedAmount < PONG_UNSENT_BYTES_MAX) socket.pong(data);
    });
    socket.on('error', (error: Error & { code?: string }) => {
      if (error.code?.startsWith('WS_ERR_') === true) {
        metrics.malformed++;
        this.#error ??= malformedFrame(remote.address, error.message, error);
        socket.terminate();
      } else {
        this.#error ??= error;
      }
    });
    socket.on('close', (code) => this.#closed(closeReason(remote.address, code, this.#ended, this.#error)));
  }

  attach(events: MessageSocketEvents): void {
    this.#events = events;
    for (const early of this.#early.splice(0)) queueMicrotask(early);
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  send(message: Uint8Array): void {
    if (this.#over || this.#ended || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#unsentBytes += message.length;
    this.#unsent.push(message.length);
    this.#socket.send(message, this.#onSent);
  }

  /** Called for each message in order, also for those that could not be sent. */
  #sent(): void {
    const waited = this.#unsentBytes > WAITED_FOR_BYTES;
    this.#unsentBytes -= this.#unsent[this.#unsentHead++] ?? 0;
    // Also where something is always under way: else the lengths of all that ever was sent would stay.
    if (this.#unsentHead === this.#unsent.length || this.#unsentHead >= SENT_LENGTHS_MAX) {
      this.#unsent.splice(0, this.#unsentHead);
      this.#unsentHead = 0;
    }
    if (waited && !this.#over) this.#events?.sent();
  }

  end(): void {
    if (this.#over || this.#ended) return;
    this.#ended = true;
    this.#socket.close(CLOSE_NORMAL);
  }

  destroy(error: Error): void {
    if (this.#over) return;
    this.#error ??= error;
    this.#socket.terminate();
  }

  #message(data: RawData, isBinary: boolean): void {
    if (this.#over || this.#error !== undefined) return;
    if (this.#events === undefined) {
      this.#early.push(() => this.#message(data, isBinary));
    } else if (isBinary && data instanceof Uint8Array) {
      this.#events.message(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    } else {
      this.#metrics.malformed++;
      this.destroy(malformedFrame(this.remote.address, 'a text message'));
    }
  }

  #closed(reason: CloseReason): void {
    if (this.#over) return;
    if (this.#events === undefined) {
      this.#early.push(() => this.#closed(reason));
      return;
    }
    this.#over = true;
    this.#events.closed(reason);
  }
}
