import { crc32c } from '@flotilla/bytes';
import { InvariantViolation } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type {
  CloseReason,
  Connection,
  ConnectionEvents,
  Handshake,
  IncomingStream,
  Listener,
  OutgoingStream,
  RemoteIdentity,
  Transport,
} from '../transport.js';

/** Of `checkedTransport`. */
export interface CheckOptions {
  readonly runtime: Runtime;
  /** Told of each violation of the port's contract, by the transport or by its user. */
  report(violation: Error): void;
}

/**
 * The same transport, watched: bytes that change after they were handed over, callbacks inside a call, before `attach`
 * or after the end, a second end, `drained` without a refusal, requests that outlive their connection, are reported.
 */
export function checkedTransport(transport: Transport, options: CheckOptions): Transport {
  return {
    schemes: transport.schemes,
    listen: (address, listening): Promise<Listener> =>
      transport.listen(address, {
        handshake: listening.handshake,
        accept: (connection) => listening.accept(new CheckedConnection(connection, options)),
      }),
    dial: async (address, dial: { readonly handshake: Handshake; readonly signal?: AbortSignal }) =>
      new CheckedConnection(await transport.dial(address, dial), options),
    close: () => transport.close(),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

class CheckedConnection implements Connection {
  readonly #connection: Connection;
  readonly #options: CheckOptions;
  /** Calls of ours that have not returned. */
  #depth = 0;
  #attached = false;
  #refused = false;
  #ended = false;
  #requests = 0;

  constructor(connection: Connection, options: CheckOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  get remote(): RemoteIdentity {
    return this.#connection.remote;
  }

  get remoteHello(): Uint8Array {
    return this.#connection.remoteHello;
  }

  get dialled(): boolean {
    return this.#connection.dialled;
  }

  get queued(): { readonly frames: number; readonly bytes: number } {
    const queued = this.#connection.queued;
    this.#require(queued.frames >= 0 && queued.bytes >= 0, () => `queued: ${JSON.stringify(queued)}`);
    return queued;
  }

  attach(events: ConnectionEvents): void {
    this.#require(!this.#attached, () => 'attached twice');
    this.#attached = true;
    this.#call(() => this.#connection.attach(this.#watch(events)));
  }

  #watch(events: ConnectionEvents): ConnectionEvents {
    return {
      frames: (frames) => {
        this.#calledBack('frames');
        this.#require(frames.length > 0, () => 'a batch without frames');
        events.frames(frames);
      },
      request: (body, signal) => {
        this.#calledBack('request');
        return events.request(body, signal).then((reply) => {
          this.#requireUnchanged(reply, 'a reply');
          return reply;
        });
      },
      stream: (stream: IncomingStream) => {
        this.#calledBack('stream');
        events.stream(stream);
      },
      drained: () => {
        this.#calledBack('drained');
        this.#require(this.#refused, () => 'drained, though no frame was refused');
        this.#refused = false;
        events.drained();
      },
      closed: (reason: CloseReason) => {
        this.#calledBack('closed');
        this.#ended = true;
        this.#options.runtime.nextTurn(() =>
          this.#require(this.#requests === 0, () => `${this.#requests} requests outlive their connection`),
        );
        events.closed(reason);
      },
    };
  }

  sendFrame(frame: Uint8Array): boolean {
    const taken = this.#call(() => this.#connection.sendFrame(frame));
    if (taken) this.#requireUnchanged(frame, 'a frame');
    else this.#refused = true;
    return taken;
  }

  request(body: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array> {
    this.#requests++;
    this.#requireUnchanged(body, 'a request');
    return this.#call(() => this.#connection.request(body, options)).finally(() => {
      this.#requests--;
    });
  }

  openStream(header: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<OutgoingStream> {
    return this.#call(() => this.#connection.openStream(header, options));
  }

  close(): Promise<void> {
    return this.#call(() => this.#connection.close());
  }

  destroy(error: Error): void {
    this.#call(() => this.#connection.destroy(error));
  }

  #call<T>(call: () => T): T {
    this.#depth++;
    try {
      return call();
    } finally {
      this.#depth--;
    }
  }

  #calledBack(name: string): void {
    this.#require(this.#depth === 0, () => `${name} was called back inside a call`);
    this.#require(this.#attached, () => `${name} was called back before attach`);
    this.#require(!this.#ended, () => `${name} was called back after the end`);
  }

  #requireUnchanged(bytes: Uint8Array, what: string): void {
    const before = crc32c(bytes);
    this.#options.runtime.nextTurn(() =>
      this.#require(crc32c(bytes) === before, () => `${what} was changed after it was handed over`),
    );
  }

  #require(condition: boolean, message: () => string): void {
    if (condition) return;
    this.#options.report(new InvariantViolation(`connection with ${this.remote.address}: ${message()}`));
  }
}
