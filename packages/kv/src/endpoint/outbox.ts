import type { Connection } from '@flotilla/transport';
import { CLIENT_FRAME_BYTES_TARGET, ServerFrameWriter } from '../protocol/client-frame.js';
import { overloaded } from './refusals.js';

const RESOLVED = Promise.resolve();

/**
 * What a connection has to say: messages of a turn leave as one frame. A frame that the connection refuses waits here, in
 * order; while one waits, `clogged` asks others to hold back. A client that does not read is cut off.
 */
export class Outbox {
  readonly #connection: Connection;
  readonly #unsentBytesMax: number;
  readonly #writer = new ServerFrameWriter();
  readonly #flush = (): void => this.flush();
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #scheduled = false;

  constructor(connection: Connection, unsentBytesMax: number) {
    this.#connection = connection;
    this.#unsentBytesMax = unsentBytesMax;
  }

  /** The connection refused a frame and has not asked for more yet. */
  get clogged(): boolean {
    return this.#unsent.length > 0;
  }

  /** Where messages are written; `written` must be called after each. */
  get writer(): ServerFrameWriter {
    return this.#writer;
  }

  /** A message was written: it leaves at the end of this turn, or at once where the frame is full. */
  written(): void {
    if (this.#writer.length >= CLIENT_FRAME_BYTES_TARGET) {
      this.flush();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      void RESOLVED.then(this.#flush);
    }
  }

  /** Sends what was written. */
  flush(): void {
    this.#scheduled = false;
    const frame = this.#writer.take();
    if (frame === undefined) return;
    if (this.#unsent.length > 0 || !this.#send(frame)) this.#keep(frame);
  }

  #send(frame: Uint8Array): boolean {
    try {
      return this.#connection.sendFrame(frame);
    } catch (error) {
      this.#connection.destroy(error instanceof Error ? error : new Error(String(error)));
      return true;
    }
  }

  #keep(frame: Uint8Array): void {
    this.#unsent.push(frame);
    this.#unsentBytes += frame.length;
    if (this.#unsentBytes <= this.#unsentBytesMax) return;
    this.drop();
    this.#connection.destroy(overloaded('answers that the client does not read, in bytes', this.#unsentBytesMax));
  }

  /** The connection has room again. */
  drained(): void {
    let sent = 0;
    for (const frame of this.#unsent) {
      if (!this.#send(frame)) break;
      this.#unsentBytes -= frame.length;
      sent++;
    }
    this.#unsent = this.#unsent.slice(sent);
  }

  /** The connection is gone: forgets all. */
  drop(): void {
    this.#unsent = [];
    this.#unsentBytes = 0;
  }
}
