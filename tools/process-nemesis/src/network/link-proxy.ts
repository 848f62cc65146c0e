import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Direction } from './direction.js';
import { Pipe } from './pipe.js';
import { carries } from './traffic.js';

/** What a proxy stands between. */
export interface LinkProxyOptions {
  /** Where the listening member really listens, on the loopback address. */
  readonly port: number;
  /** From the member that dials to the one that listens. */
  readonly there: Direction;
  readonly back: Direction;
}

/** Carries the connections that one member dials to one other. */
export class LinkProxy {
  readonly #options: LinkProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Dials that the other side does not hear of, since one of the directions is cut. */
  readonly #unanswered = new Set<Socket>();

  private constructor(options: LinkProxyOptions) {
    this.#options = options;
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#dialled(socket));
    const changed = (): void => this.#answer();
    options.there.watchers.add(changed);
    options.back.watchers.add(changed);
  }

  /** Listens on a port of the loopback address that the system chooses. */
  static async start(options: LinkProxyOptions): Promise<LinkProxy> {
    const proxy = new LinkProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', () => resolve());
    });
    return proxy;
  }

  /** Where it listens. */
  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return address.port;
  }

  #dialled(socket: Socket): void {
    this.#keep(socket);
    this.#unanswered.add(socket);
    socket.once('close', () => this.#unanswered.delete(socket));
    const { there, back } = this.#options;
    if (!carries(there.traffic) || !carries(back.traffic)) there.tally.unansweredDials++;
    this.#answer();
  }

  /** A dial is a round trip: it gets through where both directions carry. */
  #answer(): void {
    const { there, back, port } = this.#options;
    if (!carries(there.traffic) || !carries(back.traffic)) return;
    for (const dialler of this.#unanswered) {
      this.#unanswered.delete(dialler);
      const listener = connect({ port, host: '127.0.0.1', noDelay: true });
      this.#keep(listener);
      const refused = (): void => void dialler.destroy();
      listener.once('close', refused);
      listener.once('connect', () => {
        listener.off('close', refused);
        if (dialler.destroyed) listener.destroy();
        else this.#join(dialler, listener);
      });
    }
  }

  #join(dialler: Socket, listener: Socket): void {
    const reset = (): void => {
      dialler.resetAndDestroy();
      listener.resetAndDestroy();
    };
    const { there, back } = this.#options;
    new Pipe(dialler, listener, there, reset);
    new Pipe(listener, dialler, back, reset);
    dialler.resume();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // How a connection failed shows at its other end, by its close.
    socket.on('error', () => undefined);
  }

  /** Resets what it carries and listens no more. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
