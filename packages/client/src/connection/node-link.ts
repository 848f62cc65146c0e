import { FlotillaError, toFlotillaError } from '@flotilla/errors';
import {
  CLIENT_FRAME_BYTES_TARGET,
  ClientFrameWriter,
  readServerFrame,
  type ServerMessage,
  type WatchMessage,
} from '@flotilla/kv/protocol';
import type { Runtime } from '@flotilla/runtime';
import type { CloseReason, Connection, Handshake, Transport } from '@flotilla/transport';
import { decodeHello } from '@flotilla/wire';
import { withOutcome } from '../client-errors.js';
import { backoffMs, DIAL_BACKOFF } from './backoff.js';

/** A request as a link carries it. */
export interface LinkRequest {
  /** Its id on the link; 0: it was not sent. Kept by the link. */
  linkId: number;
  /** Appends the request; called once for each time that it is sent. */
  write(writer: ClientFrameWriter, id: number): void;
  /** The body of the answer. */
  answered(body: Uint8Array): void;
  /** No answer will come. `sent`: the node may have received it. */
  lost(error: FlotillaError, sent: boolean): void;
}

/** What the node says of a watch. */
export type WatchReply = Exclude<ServerMessage, { kind: 'answer' }>;

/** A watch as a link carries it. */
export interface LinkWatch {
  /** The message that begins it under this id. */
  begin(id: number): WatchMessage;
  /** Something came for it. After `watchEnded` nothing more does. */
  received(message: WatchReply): void;
  /** The connection is gone, or could not be made. */
  lost(error: FlotillaError): void;
}

/** What a link is made of. */
export interface NodeLinkOptions {
  /** Canonical. */
  readonly address: string;
  readonly transport: Transport;
  readonly handshake: Handshake;
  readonly runtime: Runtime;
  readonly inFlightMax: number;
  /** The link has a connection now, or has it no more. */
  changed(link: NodeLink): void;
}

interface Opening {
  readonly promise: Promise<Connection>;
  resolve(connection: Connection): void;
  reject(error: FlotillaError): void;
}

/**
 * The way to one address. It dials when something is to be sent, and again, after a while, when it is needed after a failure.
 * Requests of a turn leave as one frame; those above the bound in flight wait, and so does everything while the connection's
 * queue is full.
 */
export class NodeLink {
  readonly address: string;
  /** The node behind the address, by its hello; 0: unknown. */
  nodeId = 0;
  readonly #options: NodeLinkOptions;
  readonly #writer = new ClientFrameWriter();
  readonly #queue = new Set<LinkRequest>();
  readonly #inFlight = new Map<number, LinkRequest>();
  readonly #watches = new Map<number, LinkWatch>();
  /** Watches that wait for the connection. */
  readonly #beginning = new Set<LinkWatch>();
  readonly #watchIds = new Map<LinkWatch, number>();
  readonly #closing = new AbortController();
  readonly #flushTurn = (): void => this.#flush();
  readonly #take = (message: ServerMessage): void => this.#received(message);
  #connection: Connection | undefined;
  #opening: Opening | undefined;
  #stalled: Uint8Array | undefined;
  #flushScheduled = false;
  #lastId = 0;
  #failures = 0;
  #dialNotBefore = -Infinity;
  #lastError: FlotillaError | undefined;

  constructor(options: NodeLinkOptions) {
    this.#options = options;
    this.address = options.address;
  }

  /** It has a connection. */
  get isOpen(): boolean {
    return this.#connection !== undefined;
  }

  /** Something sent now has a chance: it is open, being dialled, or may be dialled. */
  get usable(): boolean {
    if (this.#closing.signal.aborted) return false;
    if (this.#connection !== undefined || this.#opening !== undefined) return true;
    return this.#options.runtime.now() >= this.#dialNotBefore;
  }

  /** Nothing is under way on it. */
  get isIdle(): boolean {
    return this.#queue.size + this.#inFlight.size + this.#watches.size + this.#beginning.size === 0;
  }

  /** Dials at the next need, however short ago a dial failed. */
  forgetFailure(): void {
    this.#dialNotBefore = -Infinity;
  }

  /** Sends a request as soon as it may. Where the address cannot be dialled now, it is lost at once. */
  send(request: LinkRequest): void {
    request.linkId = 0;
    const refusal = this.#wake();
    if (refusal !== undefined) return request.lost(refusal, false);
    this.#queue.add(request);
    this.#schedule();
  }

  /** Waits no longer for a request: no callback comes for it any more. Returns whether it had been sent. */
  cancel(request: LinkRequest): boolean {
    if (this.#queue.delete(request)) return false;
    if (!this.#inFlight.delete(request.linkId)) return false;
    if (this.#connection !== undefined) {
      this.#writer.cancel(request.linkId);
      this.#schedule();
    }
    return true;
  }

  /** Begins a watch as soon as it may. */
  watch(watch: LinkWatch): void {
    const refusal = this.#wake();
    if (refusal !== undefined) return watch.lost(refusal);
    this.#beginning.add(watch);
    this.#schedule();
  }

  /** Ends a watch: no callback comes for it any more. */
  unwatch(watch: LinkWatch): void {
    if (this.#beginning.delete(watch)) return;
    const id = this.#watchIds.get(watch);
    if (id === undefined) return;
    this.#forgetWatch(id, watch);
    this.#writer.unwatch(id);
    this.#schedule();
  }

  /** Asks how far a watch is. */
  requestProgress(watch: LinkWatch): void {
    const id = this.#watchIds.get(watch);
    if (id === undefined) return;
    this.#writer.progress(id);
    this.#schedule();
  }

  /** Sends on the request lane. Rejects as dialling does, or as the transport's `request`. */
  async request(body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const refusal = this.#wake();
    if (refusal !== undefined) throw refusal;
    const connection = this.#connection ?? (await this.#opened(signal));
    return connection.request(body, { signal });
  }

  /** Ends the link: everything on it is lost. What was written is still sent. */
  async close(error: FlotillaError): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#flush();
    const connection = this.#connection;
    this.#closing.abort(error);
    this.#lose(error);
    await connection?.close();
  }

  /** Why nothing can be sent; undefined: it can, and a dial is under way where one is needed. */
  #wake(): FlotillaError | undefined {
    if (!this.usable) return this.#lastError ?? unreachable(this.address, undefined);
    if (this.#connection === undefined && this.#opening === undefined) this.#dial();
    return undefined;
  }

  async #opened(signal: AbortSignal): Promise<Connection> {
    const opening = this.#opening;
    if (opening === undefined) throw unreachable(this.address, this.#lastError);
    if (signal.aborted) throw toFlotillaError(signal.reason);
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(toFlotillaError(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([opening.promise, promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #dial(): void {
    const opening = newOpening();
    this.#opening = opening;
    const { transport, handshake } = this.#options;
    transport.dial(this.address, { handshake, signal: this.#closing.signal }).then(
      (connection) => this.#dialled(opening, connection),
      (error: unknown) => this.#dialFailed(opening, toFlotillaError(error)),
    );
  }

  #dialled(opening: Opening, connection: Connection): void {
    connection.attach({
      frames: (frames) => this.#frames(connection, frames),
      request: () => Promise.reject(notServed()),
      stream: (stream) => stream.abort(notServed()),
      drained: () => this.#drained(),
      closed: (reason) => this.#disconnected(connection, reason),
    });
    this.#opening = undefined;
    if (this.#closing.signal.aborted) {
      const error = toFlotillaError(this.#closing.signal.reason);
      connection.destroy(error);
      opening.reject(error);
      return;
    }
    this.#connection = connection;
    this.#failures = 0;
    this.#lastError = undefined;
    this.nodeId = decodeHello(connection.remoteHello).nodeId;
    this.#options.changed(this);
    opening.resolve(connection);
    this.#schedule();
  }

  #dialFailed(opening: Opening, cause: FlotillaError): void {
    // Nothing was sent: whatever waits for the connection is known not to have been done.
    const error = withOutcome(cause, 'definite');
    this.#opening = undefined;
    this.#failed(error);
    opening.reject(error);
    this.#lose(error);
  }

  #failed(error: FlotillaError): void {
    const { runtime } = this.#options;
    this.#failures++;
    this.#lastError = error;
    this.#dialNotBefore = runtime.now() + backoffMs(runtime, DIAL_BACKOFF, this.#failures);
  }

  #disconnected(connection: Connection, reason: CloseReason): void {
    if (this.#connection !== connection) return;
    const how = reason.by === 'remote' ? 'was closed by the node' : 'broke';
    const error = new FlotillaError('ConnectionClosed', {
      message: `the connection with ${this.address} ${how}${reason.error === undefined ? '' : `: ${reason.error.message}`}`,
      details: { address: this.address },
      cause: reason.error,
    });
    this.#failed(error);
    this.#lose(error);
  }

  /** Gives up all that is on the link. */
  #lose(error: FlotillaError): void {
    this.#connection = undefined;
    this.#stalled = undefined;
    this.#writer.take();
    this.#options.changed(this);
    const sent = [...this.#inFlight.values()];
    const queued = [...this.#queue];
    const watches = [...this.#watches.values(), ...this.#beginning];
    this.#inFlight.clear();
    this.#queue.clear();
    this.#watches.clear();
    this.#watchIds.clear();
    this.#beginning.clear();
    for (const request of sent) request.lost(error, true);
    for (const request of queued) request.lost(error, false);
    for (const watch of watches) watch.lost(error);
  }

  #schedule(): void {
    if (this.#flushScheduled || this.#connection === undefined) return;
    this.#flushScheduled = true;
    this.#options.runtime.nextTurn(this.#flushTurn);
  }

  #flush(): void {
    this.#flushScheduled = false;
    const connection = this.#connection;
    if (connection === undefined || this.#stalled !== undefined) return;
    for (const watch of this.#beginning) {
      this.#beginning.delete(watch);
      const id = ++this.#lastId;
      this.#watches.set(id, watch);
      this.#watchIds.set(watch, id);
      this.#writer.watch(watch.begin(id));
    }
    for (const request of this.#queue) {
      if (this.#inFlight.size >= this.#options.inFlightMax) break;
      this.#queue.delete(request);
      const id = ++this.#lastId;
      request.linkId = id;
      this.#inFlight.set(id, request);
      request.write(this.#writer, id);
      if (this.#writer.length >= CLIENT_FRAME_BYTES_TARGET && !this.#emit(connection)) return;
    }
    this.#emit(connection);
  }

  /** Hands the frame over. False where the connection has no room, or broke. */
  #emit(connection: Connection): boolean {
    const frame = this.#writer.take();
    return frame === undefined || this.#sendFrame(connection, frame);
  }

  #sendFrame(connection: Connection, frame: Uint8Array): boolean {
    try {
      if (connection.sendFrame(frame)) return true;
    } catch (error) {
      // A frame above the carrier's bound cannot be sent by any other way: the connection's limits do not fit the data's.
      connection.destroy(toFlotillaError(error));
      return false;
    }
    this.#stalled = frame;
    return false;
  }

  #drained(): void {
    const connection = this.#connection;
    const frame = this.#stalled;
    if (connection === undefined || frame === undefined) return;
    this.#stalled = undefined;
    if (this.#sendFrame(connection, frame)) this.#flush();
  }

  #frames(connection: Connection, frames: readonly Uint8Array[]): void {
    try {
      for (const frame of frames) {
        if (this.#connection !== connection) return;
        readServerFrame(frame, this.#take);
      }
    } catch (error) {
      connection.destroy(toFlotillaError(error));
      return;
    }
    if (this.#queue.size > 0) this.#schedule();
  }

  #received(message: ServerMessage): void {
    const { id } = message;
    if (message.kind === 'answer') {
      const request = this.#inFlight.get(id);
      if (request === undefined) return;
      this.#inFlight.delete(id);
      request.answered(message.body);
      return;
    }
    const watch = this.#watches.get(id);
    if (watch === undefined) return;
    if (message.kind === 'watchEnded') this.#forgetWatch(id, watch);
    watch.received(message);
  }

  #forgetWatch(id: number, watch: LinkWatch): void {
    this.#watches.delete(id);
    this.#watchIds.delete(watch);
  }
}

function newOpening(): Opening {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>();
  // Whoever waits handles its rejection; where nobody waits there is nobody to tell.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

function unreachable(address: string, cause: FlotillaError | undefined): FlotillaError<'Unreachable'> {
  return new FlotillaError('Unreachable', {
    message: `nobody answers at ${address}${cause === undefined ? '' : `: ${cause.message}`}`,
    details: { address },
    cause,
  });
}

function notServed(): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', {
    message: 'a client serves no requests',
    details: { argument: 'request', reason: 'sent to a client' },
  });
}
