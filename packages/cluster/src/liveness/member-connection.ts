import type { Connection, IncomingStream } from '@flotilla/transport';
import type { Hello } from '@flotilla/wire';
import { takesNoSnapshots } from './link-errors.js';
import type { Requester } from './requester.js';

/** Where what arrives on a connection goes. */
export interface MemberConnectionHost {
  frames(node: number, frames: readonly Uint8Array[]): void;
  serve(from: Requester, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  snapshotStream(node: number, stream: IncomingStream): void;
  closed(member: MemberConnection, reason: string): void;
}

/**
 * A connection with a node that calls itself a member. Until it is admitted its frames are dropped, as if they were lost, and it may ask what
 * a node may that has not joined.
 */
export class MemberConnection {
  readonly connection: Connection;
  readonly hello: Hello;
  #admitted = false;
  #closed = false;

  /** Attaches to the connection. */
  constructor(connection: Connection, hello: Hello, host: MemberConnectionHost) {
    this.connection = connection;
    this.hello = hello;
    const { remote } = connection;
    const node = hello.nodeId;
    connection.attach({
      frames: (frames) => {
        if (this.#admitted) host.frames(node, frames);
      },
      request: (body, signal) => host.serve({ node: this.#admitted ? node : 0, hello, remote }, body, signal),
      stream: (stream) => {
        if (this.#admitted) host.snapshotStream(node, stream);
        else stream.abort(takesNoSnapshots());
      },
      drained: () => undefined,
      closed: (reason) => {
        this.#closed = true;
        const text = reason.error?.message ?? (reason.by === 'remote' ? 'closed by the other side' : 'closed');
        host.closed(this, text);
      },
    });
  }

  /** The node that it calls itself. */
  get node(): number {
    return this.hello.nodeId;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** It is a member: what it says is taken from now on. */
  admit(): void {
    this.#admitted = true;
  }
}
