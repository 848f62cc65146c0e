import type { Socket } from 'node:net';
import type { Runtime, Timer } from '@flotilla/runtime';

interface PendingSocket {
  readonly socket: Socket;
  readonly deadline: Timer;
}

/**
 * Sockets that have not yet proved anything, from the first byte of TLS to the last of the hello. They have a deadline, and
 * no more than so many; where one more comes, the oldest goes, so that many who say nothing cannot keep others out.
 */
export class PendingSockets {
  readonly #runtime: Runtime;
  readonly #countMax: number;
  readonly #deadlineMs: number;
  readonly #expired: (socket: Socket) => void;
  /** By remote address and port, in order of arrival: TLS has another object for the same socket. */
  readonly #pending = new Map<string, PendingSocket>();

  constructor(
    runtime: Runtime,
    limits: { readonly countMax: number; readonly deadlineMs: number },
    expired: (socket: Socket) => void,
  ) {
    this.#runtime = runtime;
    this.#countMax = limits.countMax;
    this.#deadlineMs = limits.deadlineMs;
    this.#expired = expired;
  }

  /** A socket was accepted. */
  add(socket: Socket): void {
    const key = keyOf(socket);
    const deadline = this.#runtime.setTimer(this.#deadlineMs, () => this.#drop(key));
    this.#pending.set(key, { socket, deadline });
    socket.once('close', () => this.remove(socket, key));
    if (this.#pending.size > this.#countMax) {
      const [oldest] = this.#pending.keys();
      if (oldest !== undefined) this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const pending = this.#pending.get(key);
    if (pending === undefined) return;
    this.remove(pending.socket, key);
    this.#expired(pending.socket);
    pending.socket.destroy();
  }

  /** It has proved itself, or ended. */
  remove(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>, key: string = keyOf(socket)): void {
    this.#pending.get(key)?.deadline.cancel();
    this.#pending.delete(key);
  }

  /** Destroys all. */
  close(): void {
    for (const [key, { socket }] of this.#pending) {
      this.remove(socket, key);
      socket.destroy();
    }
  }
}

function keyOf(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
