// A QUIC connection in memory: two native sessions, one at each end, for tests of what stands above them.
import { QuicError } from '../src/errors.js';
import type { NativeClose, NativeDirection, NativeSession, NativeStream } from '../src/native/native-session.js';

class Mailbox<T> {
  readonly #items: T[] = [];
  #waiting: ((item: T | undefined) => void) | undefined;
  #ended = false;
  put(item: T): void {
    if (this.#ended) return;
    if (this.#waiting === undefined) this.#items.push(item);
    else this.#waiting(item);
    this.#waiting = undefined;
  }
  take(): Promise<T | undefined> {
    const item = this.#items.shift();
    if (item !== undefined || this.#ended) return Promise.resolve(item);
    return new Promise((resolve) => (this.#waiting = resolve));
  }
  end(): void {
    this.#ended = true;
    this.#waiting?.(undefined);
    this.#waiting = undefined;
  }
}

/** One direction of a stream. */
class Pipe {
  readonly pieces = new Mailbox<Uint8Array>();
  readonly changed: (() => void)[] = [];
  resetCode: number | undefined;
  stopCode: number | undefined;
  gone: QuicError | undefined;
  finished = false;

  end(how: (pipe: Pipe) => void): void {
    how(this);
    this.pieces.end();
  }
}

/** A stream in memory; `resetCode` and `stopCode` show what this side's peer did. */
export class MemoryStream implements NativeStream {
  readonly id: number;
  readonly direction: NativeDirection;
  readonly #out: Pipe;
  readonly #in: Pipe;
  constructor(id: number, direction: NativeDirection, out: Pipe, incoming: Pipe) {
    this.id = id;
    this.direction = direction;
    this.#out = out;
    this.#in = incoming;
  }
  async write(bytes: Uint8Array, fin: boolean): Promise<void> {
    await Promise.resolve();
    if (this.#out.gone !== undefined) throw this.#out.gone;
    const { stopCode } = this.#out;
    if (stopCode !== undefined) {
      throw new QuicError('StreamStopped', `stopped with ${stopCode}`, { source: 'stream', streamErrorCode: stopCode });
    }
    if (bytes.length > 0) this.#out.pieces.put(bytes.slice());
    if (fin) this.#out.end((pipe) => (pipe.finished = true));
  }
  async read(): Promise<Uint8Array | undefined> {
    const piece = await this.#in.pieces.take();
    if (piece !== undefined) return piece;
    if (this.#in.gone !== undefined) throw this.#in.gone;
    const { resetCode } = this.#in;
    if (resetCode !== undefined) {
      throw new QuicError('StreamReset', `reset with ${resetCode}`, { source: 'stream', streamErrorCode: resetCode });
    }
    return undefined;
  }
  reset(code: number): void {
    if (this.#out.finished) return;
    this.#out.end((pipe) => (pipe.resetCode ??= code));
  }
  stop(code: number): void {
    this.#in.end((pipe) => (pipe.stopCode ??= code));
  }
  /** What the peer said: the code of its RESET_STREAM, of its STOP_SENDING. */
  get told(): { readonly reset: number | undefined; readonly stop: number | undefined } {
    return { reset: this.#in.resetCode, stop: this.#out.stopCode };
  }
  fail(error: QuicError): void {
    for (const pipe of [this.#in, this.#out]) pipe.end((ended) => (ended.gone ??= error));
  }
}

/** One end of a connection in memory. */
export class MemorySession implements NativeSession {
  readonly alpn = 'h3';
  readonly remoteAddress = { hostname: '127.0.0.1', port: 1 };
  readonly peerCertificates: readonly Uint8Array[] = [];
  readonly maxDatagramSize = 1_200;
  readonly closed: Promise<NativeClose>;
  readonly bidirectional = new Mailbox<MemoryStream>();
  readonly unidirectional = new Mailbox<MemoryStream>();
  readonly datagrams = new Mailbox<Uint8Array>();
  readonly #resolveClosed: (close: NativeClose) => void;
  readonly #streams: MemoryStream[] = [];
  readonly #side: 0 | 1;
  #peer: MemorySession | undefined;
  readonly #next = { bidirectional: 0, outgoing: 0 };
  #ended = false;

  private constructor(side: 0 | 1) {
    this.#side = side;
    const closed = Promise.withResolvers<NativeClose>();
    this.closed = closed.promise;
    this.#resolveClosed = closed.resolve;
  }

  /** Both ends of a new connection. */
  static pair(): { readonly client: MemorySession; readonly server: MemorySession } {
    const client = new MemorySession(0);
    const server = new MemorySession(1);
    client.#peer = server;
    server.#peer = client;
    return { client, server };
  }

  #open(direction: 'bidirectional' | 'outgoing'): Promise<MemoryStream> {
    const peer = this.#peer;
    if (this.#ended || peer === undefined) return Promise.reject(new QuicError('SessionClosed', 'closed'));
    const [there, back] = [new Pipe(), new Pipe()];
    const id = this.#next[direction] * 4 + this.#side + (direction === 'outgoing' ? 2 : 0);
    this.#next[direction] += 1;
    const mine = new MemoryStream(id, direction, there, back);
    const theirs = new MemoryStream(id, direction === 'outgoing' ? 'incoming' : direction, back, there);
    this.#streams.push(mine);
    peer.#streams.push(theirs);
    (direction === 'outgoing' ? peer.unidirectional : peer.bidirectional).put(theirs);
    return Promise.resolve(mine);
  }
  openBidirectional(): Promise<MemoryStream> {
    return this.#open('bidirectional');
  }
  openUnidirectional(): Promise<MemoryStream> {
    return this.#open('outgoing');
  }
  acceptBidirectional(): Promise<MemoryStream | undefined> {
    return this.bidirectional.take();
  }
  acceptUnidirectional(): Promise<MemoryStream | undefined> {
    return this.unidirectional.take();
  }
  sendDatagram(bytes: Uint8Array): boolean {
    if (this.#ended) return false;
    this.#peer?.datagrams.put(bytes.slice());
    return true;
  }
  receiveDatagram(): Promise<Uint8Array | undefined> {
    return this.datagrams.take();
  }
  ping(): void {}
  close(code: number, reason: string): void {
    this.finish({ by: 'local', code, reason });
    this.#peer?.finish({ by: 'peer', code, reason });
  }
  /** Ends this side. */
  finish(close: NativeClose): void {
    if (this.#ended) return;
    this.#ended = true;
    const error = new QuicError('SessionClosed', close.reason);
    for (const stream of this.#streams) stream.fail(error);
    this.bidirectional.end();
    this.unidirectional.end();
    this.datagrams.end();
    this.#resolveClosed(close);
  }
}
