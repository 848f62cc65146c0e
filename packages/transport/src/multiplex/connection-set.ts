import type { Connection, Handshake } from '../transport.js';
import type { PeerProof, ProofVerifier } from '../proof/peer-proof.js';
import { acceptHandshake, type PendingHandshake } from './accept-handshake.js';
import type { MultiplexedConnection } from './connection.js';
import { dialHandshake } from './dial-handshake.js';
import { abortError, OwnAbort, shutdown } from './errors.js';
import { handshakeTimeout } from './hello-exchange.js';
import type { MessageSocket } from './message-socket.js';
import type { MultiplexOptions } from './options.js';

/** What is done with a socket that was accepted. */
export interface AcceptOptions {
  readonly handshake: Handshake;
  /** Until both hellos are verified, in ms. */
  readonly timeoutMs: number;
  /** Challenges the dialler, for nothing else says who it is; undefined: nobody is challenged. */
  readonly proofs?: ProofVerifier | undefined;
  accept(connection: Connection): void;
}

/** What a dial is given. */
export interface DialOptions {
  readonly handshake: Handshake;
  readonly signal?: AbortSignal;
  /** Answers a challenge (default: there is nothing to answer with). */
  readonly proof?: PeerProof | undefined;
}

/** The connections of a listener, or those that a transport dialled, from their first byte to their last. */
export class ConnectionSet {
  readonly #options: MultiplexOptions;
  readonly #open = new Set<MultiplexedConnection>();
  readonly #pending = new Set<PendingHandshake>();
  readonly #dials = new Set<AbortController>();
  #closed = false;

  constructor(options: MultiplexOptions) {
    this.#options = options;
  }

  /** Connections that are open or within their handshake. */
  get size(): number {
    return this.#open.size + this.#pending.size + this.#dials.size;
  }

  /** Runs the accepting side of the handshake on a fresh socket. */
  accept(socket: MessageSocket, accepting: AcceptOptions): void {
    if (this.#closed) return socket.destroy(shutdown('accepting'));
    let connection: MultiplexedConnection | undefined;
    const pending = acceptHandshake(socket, accepting.handshake, this.#options, {
      timeoutMs: accepting.timeoutMs,
      proofs: accepting.proofs,
      accept: (accepted) => {
        connection = accepted;
        this.#pending.delete(pending);
        this.#open.add(accepted);
        accepting.accept(accepted);
      },
      ended: () => {
        this.#pending.delete(pending);
        if (connection !== undefined) this.#open.delete(connection);
      },
    });
    this.#pending.add(pending);
  }

  /**
   * Connects, then runs the dialling side of the handshake, all within the handshake's time.
   *
   * @param connect Gives the socket, or rejects once its signal fired: the dial was aborted, took too long, or the set closed.
   * @throws what `connect` throws; Timeout; Aborted; Shutdown; and what the handshake throws
   */
  async dial(
    address: string,
    { handshake, signal, proof }: DialOptions,
    connect: (signal: AbortSignal) => Promise<MessageSocket>,
  ): Promise<Connection> {
    if (this.#closed) throw shutdown(`dialling ${address}`);
    if (signal?.aborted === true) throw abortError(`dialling ${address}`, signal);
    const { runtime, limits } = this.#options;
    const dial = new AbortController();
    const onAbort = (): void => dial.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    const timer = runtime.setTimer(limits.handshakeTimeoutMs, () => {
      dial.abort(new OwnAbort(handshakeTimeout(address, limits.handshakeTimeoutMs)));
    });
    this.#dials.add(dial);
    try {
      const socket = await connectOrAbort(address, dial.signal, connect);
      const life: { ended: boolean; connection: MultiplexedConnection | undefined } = {
        ended: false,
        connection: undefined,
      };
      const connection = await dialHandshake(socket, handshake, this.#options, {
        signal: dial.signal,
        proof,
        ended: () => {
          life.ended = true;
          if (life.connection !== undefined) this.#open.delete(life.connection);
        },
      });
      life.connection = connection;
      if (!life.ended) this.#open.add(connection);
      return connection;
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      this.#dials.delete(dial);
    }
  }

  /** Closes all in good order; handshakes and dials are given up. */
  async close(): Promise<void> {
    this.#abandonPending(shutdown('the handshake'));
    await Promise.all([...this.#open].map((connection) => connection.close()));
  }

  /** Breaks all at once. */
  destroy(error: Error): void {
    this.#abandonPending(error);
    for (const connection of this.#open) connection.destroy(error);
  }

  #abandonPending(error: Error): void {
    this.#closed = true;
    for (const dial of this.#dials) dial.abort(new OwnAbort(error));
    for (const pending of this.#pending) pending.abandon(error);
  }
}

async function connectOrAbort(
  address: string,
  signal: AbortSignal,
  connect: (signal: AbortSignal) => Promise<MessageSocket>,
): Promise<MessageSocket> {
  let socket: MessageSocket;
  try {
    socket = await connect(signal);
  } catch (error) {
    throw signal.aborted ? abortError(`dialling ${address}`, signal) : error;
  }
  if (!signal.aborted) return socket;
  const error = abortError(`dialling ${address}`, signal);
  socket.destroy(error);
  throw error;
}
