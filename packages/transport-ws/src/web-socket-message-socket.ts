import type { Runtime, Timer } from '@flotilla/runtime';
import type { CloseReason, RemoteIdentity, TransportMetrics } from '@flotilla/transport';
import {
  LANE_ROOM_BYTES,
  malformedFrame,
  type MessageSocket,
  type MessageSocketEvents,
  UNSENT_BYTES_MAX,
} from '@flotilla/transport/multiplex';
import { CLOSE_BROKEN, CLOSE_NORMAL, closeReason } from './close-codes.js';

/** How often a full socket is looked at, in ms: the web's interface has no event for it. */
const LOOK_AGAIN_MS = 2;

/** The part of the web's WebSocket that is used here. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
}

/** Messages over the web's WebSocket, once that is open. */
export class WebSocketMessageSocket implements MessageSocket {
  readonly remote: RemoteIdentity;
  readonly #socket: WebSocketLike;
  readonly #runtime: Runtime;
  readonly #metrics: TransportMetrics;
  #events: MessageSocketEvents | undefined;
  #early: (() => void)[] = [];
  #over = false;
  #ended = false;
  #lookTimer: Timer | undefined;

  constructor(socket: WebSocketLike, remote: RemoteIdentity, runtime: Runtime, metrics: TransportMetrics) {
    this.remote = remote;
    this.#socket = socket;
    this.#runtime = runtime;
    this.#metrics = metrics;
    socket.binaryType = 'arraybuffer';
    socket.onmessage = (event) => this.#message(event.data);
    socket.onerror = () => {};
    socket.onclose = (event) => this.#closed(closeReason(this.remote.address, event.code, this.#ended));
  }

  attach(events: MessageSocketEvents): void {
    this.#events = events;
    for (const early of this.#early.splice(0)) queueMicrotask(early);
  }

  get unsentBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(message: Uint8Array): void {
    if (this.#over || this.#ended) return;
    this.#socket.send(message);
    if (this.#lookTimer === undefined && this.unsentBytes > UNSENT_BYTES_MAX - LANE_ROOM_BYTES) this.#lookLater();
  }

  #lookLater(): void {
    this.#lookTimer = this.#runtime.setTimer(LOOK_AGAIN_MS, () => {
      this.#lookTimer = undefined;
      if (this.unsentBytes > UNSENT_BYTES_MAX - LANE_ROOM_BYTES) this.#lookLater();
      else this.#events?.sent();
    });
  }

  end(): void {
    if (this.#over || this.#ended) return;
    this.#ended = true;
    this.#socket.close(CLOSE_NORMAL);
  }

  destroy(error: Error): void {
    if (this.#over) return;
    this.#socket.close(CLOSE_BROKEN, 'broken');
    queueMicrotask(() => this.#closed({ by: 'broken', error }));
  }

  #message(data: unknown): void {
    if (this.#over) return;
    if (this.#events === undefined) {
      this.#early.push(() => this.#message(data));
    } else if (data instanceof ArrayBuffer) {
      this.#events.message(new Uint8Array(data));
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
    this.#lookTimer?.cancel();
    this.#events.closed(reason);
  }
}
