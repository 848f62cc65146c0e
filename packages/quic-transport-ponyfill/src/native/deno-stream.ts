import { QuicError } from '../errors.js';
import { streamError } from './deno-failure.js';
import type { NativeDirection, NativeStream } from './native-session.js';

/** A stream that this side writes, as Deno has it. */
export interface DenoSendStream extends WritableStream<Uint8Array> {
  readonly id: bigint;
}

/** A stream that this side reads. */
export interface DenoReceiveStream extends ReadableStream<Uint8Array> {
  readonly id: bigint;
}

/** Both. */
export interface DenoBidirectionalStream {
  readonly readable: DenoReceiveStream;
  readonly writable: DenoSendStream;
}

/** A stream of Deno's own QUIC. */
export class DenoStream implements NativeStream {
  readonly id: number;
  readonly direction: NativeDirection;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  /** Both kept alive with it, as reader and writer alone do not. */
  readonly #readable: DenoReceiveStream | undefined;
  readonly #writable: DenoSendStream | undefined;
  readonly #onOver: () => void;
  #readOver: boolean;
  #writeOver: boolean;

  constructor(readable: DenoReceiveStream | undefined, writable: DenoSendStream | undefined, onOver: () => void) {
    this.#readable = readable;
    this.#writable = writable;
    this.#reader = readable?.getReader();
    this.#writer = writable?.getWriter();
    // Failures are told where somebody reads or writes.
    this.#reader?.closed.catch(() => undefined);
    this.#writer?.closed.catch(() => undefined);
    this.#onOver = onOver;
    this.#readOver = readable === undefined;
    this.#writeOver = writable === undefined;
    this.id = Number(this.#readable?.id ?? this.#writable?.id ?? 0);
    this.direction = writable === undefined ? 'incoming' : readable === undefined ? 'outgoing' : 'bidirectional';
  }

  async write(bytes: Uint8Array, fin: boolean): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined || this.#writeOver) {
      throw new QuicError('SessionClosed', 'this side of the stream has ended', { source: 'stream' });
    }
    try {
      if (bytes.length > 0) await writer.write(bytes);
      if (fin) await writer.close();
    } catch (error) {
      this.#endWrites();
      throw streamError(error);
    }
    if (fin) this.#endWrites();
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#reader === undefined) return undefined;
    try {
      const { done, value } = await this.#reader.read();
      if (!done) return value;
      this.#endReads();
      return undefined;
    } catch (error) {
      this.#endReads();
      throw streamError(error);
    }
  }

  /** Deno sends FIN for it, and no code: what is above must frame its data. */
  reset(): void {
    if (this.#writeOver) return;
    this.#writer?.abort().catch(() => undefined); // it may have ended meanwhile
    this.#endWrites();
  }

  /** Deno sends code 0. */
  stop(): void {
    if (this.#readOver) return;
    this.#reader?.cancel().catch(() => undefined); // it may have ended meanwhile
    this.#endReads();
  }

  #endReads(): void {
    this.#readOver = true;
    if (this.#writeOver) this.#onOver();
  }

  #endWrites(): void {
    this.#writeOver = true;
    if (this.#readOver) this.#onOver();
  }
}
