import { QuicError } from '../errors.js';
import type { LibraryConnection } from './library-session.js';
import { Mailbox } from './mailbox.js';
import type { NativeDirection, NativeStream } from './native-session.js';

/** Bytes handed to the library in one go. */
const PIECE_BYTES = 64 * 1024;
/** Bytes handed over before the event loop gets a turn, in which the library can say that it is full. */
const TURN_BYTES = 256 * 1024;
/** A stream that waits for room asks again after so long: the library has been seen to forget its drain event. ms. */
const ASK_AGAIN_MS = 100;
/**
 * Bytes that may wait for a reader. The library reads from the network whether anybody reads here or not, so that QUIC's own
 * flow control never reaches the peer: a protocol above must bound what is sent, and this bounds what a hostile peer can do.
 */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** What a stream tells the session that it belongs to. */
export interface LibraryStreamOwner {
  /** Both sides have ended. */
  over(): void;
  /** So many bytes more, or fewer, wait for the reader. */
  unread(change: number): void;
}

/** A stream of @currentspace/http3, past its Duplex: with one outstanding write, and ends told apart from resets. */
export class LibraryStream implements NativeStream {
  readonly id: number;
  readonly direction: NativeDirection;
  readonly #connection: LibraryConnection;
  readonly #owner: LibraryStreamOwner;
  readonly #incoming = new Mailbox<Uint8Array>();
  #waitingBytes = 0;
  #discarding = false;
  #readOver: boolean;
  #writeOver: boolean;
  #writeError: Error | undefined;
  #full = false;
  #sentThisTurn = 0;
  #wake: (() => void) | undefined;

  constructor(id: number, direction: NativeDirection, connection: LibraryConnection, owner: LibraryStreamOwner) {
    this.id = id;
    this.direction = direction;
    this.#connection = connection;
    this.#owner = owner;
    this.#readOver = direction === 'outgoing';
    this.#writeOver = direction === 'incoming';
    if (this.#readOver) this.#incoming.end();
  }

  async write(bytes: Uint8Array, fin: boolean): Promise<void> {
    let at = 0;
    while (at < bytes.length || (fin && bytes.length === 0)) {
      this.#assertWritable();
      if (this.#full) await this.#room();
      this.#assertWritable();
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      const last = at + piece.length === bytes.length;
      const taken = this.#connection.send(this.id, piece, fin && last);
      at += Math.min(taken, piece.length);
      if (taken > 0 && bytes.length === 0) break;
      if (taken === 0) this.#full = true;
      else await this.#turn(taken);
    }
    if (!fin) return;
    this.#writeOver = true;
    this.#maybeOver();
  }

  async read(): Promise<Uint8Array | undefined> {
    const bytes = await this.#incoming.take();
    // What was dropped meanwhile is not counted any more.
    if (bytes !== undefined) this.#waiting(-Math.min(bytes.length, this.#waitingBytes));
    return bytes;
  }

  /** The library resets both directions at once, so the peer's bytes end here, too. */
  reset(code: number): void {
    if (this.#writeOver) return;
    this.#connection.closeStream(this.id, code);
    this.#writeError = new QuicError('SessionClosed', 'this side has reset the stream', { source: 'stream' });
    this.#drop(
      new QuicError('StreamReset', 'the library resets both directions', { source: 'stream', streamErrorCode: 0 }),
    );
    this.#allOver();
  }

  /** On a bidirectional stream the peer is not told (the library could only reset both directions): its bytes are dropped here. */
  stop(code: number): void {
    if (this.#readOver) return;
    this.#discarding = true;
    this.#incoming.end();
    while (this.#incoming.shift() !== undefined);
    this.#waiting(-this.#waitingBytes);
    if (this.direction !== 'incoming') return;
    this.#connection.closeStream(this.id, code);
    this.#allOver();
  }

  /** The peer's bytes. */
  received(bytes: Uint8Array): void {
    if (this.#readOver || this.#discarding) return;
    this.#waiting(bytes.length);
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#connection.closeStream(this.id, 0);
      this.lost(new QuicError('ProtocolViolation', `${MAX_WAITING_BYTES} bytes wait to be read`, { source: 'stream' }));
      return;
    }
    this.#incoming.push(bytes);
  }

  /** The peer's FIN. */
  ended(): void {
    if (this.#readOver) return;
    this.#readOver = true;
    this.#incoming.end();
    this.#maybeOver();
  }

  /** The peer's RESET_STREAM. */
  wasReset(code: number): void {
    if (this.#readOver) return;
    this.#readOver = true;
    const error = new QuicError('StreamReset', `the peer reset the stream: ${code}`, {
      source: 'stream',
      streamErrorCode: code,
    });
    this.#drop(error);
    this.#maybeOver();
  }

  /** The peer's STOP_SENDING. */
  wasStopped(code: number): void {
    if (this.#writeOver) return;
    this.#writeOver = true;
    this.#writeError = new QuicError('StreamStopped', `the peer wants no more: ${code}`, {
      source: 'stream',
      streamErrorCode: code,
    });
    this.#wakeUp();
    this.#maybeOver();
  }

  /** The stream ended with its session, or the library gave it up. */
  lost(error: Error): void {
    this.#writeError ??= error;
    this.#drop(error);
    this.#allOver();
  }

  blocked(): void {
    this.#full = true;
  }

  unblocked(): void {
    this.#full = false;
    this.#wakeUp();
  }

  /** The library's queue, shared by all streams, has room. */
  roomMade(): void {
    this.#wakeUp();
  }

  #waiting(change: number): void {
    this.#waitingBytes += change;
    this.#owner.unread(change);
  }

  /** Nothing more can be read: an end by an error, unless there was another before, behind which all can be read. */
  #drop(error: Error): void {
    if (this.#incoming.ended) return;
    this.#incoming.fail(error);
    this.#waiting(-this.#waitingBytes);
  }

  #assertWritable(): void {
    if (this.#writeError !== undefined) throw this.#writeError;
    if (this.#writeOver)
      throw new QuicError('SessionClosed', 'this side of the stream has ended', { source: 'stream' });
  }

  /** Waits until it is worth asking the library again. */
  async #room(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, ASK_AGAIN_MS);
    });
    clearTimeout(timer);
    this.#wake = undefined;
    this.#full = false;
  }

  async #turn(bytes: number): Promise<void> {
    this.#sentThisTurn += bytes;
    if (this.#sentThisTurn < TURN_BYTES) return;
    this.#sentThisTurn = 0;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 0);
    });
  }

  #wakeUp(): void {
    this.#wake?.();
  }

  #maybeOver(): void {
    if (this.#readOver && this.#writeOver) this.#owner.over();
  }

  #allOver(): void {
    this.#readOver = true;
    this.#writeOver = true;
    this.#wakeUp();
    this.#owner.over();
  }
}
