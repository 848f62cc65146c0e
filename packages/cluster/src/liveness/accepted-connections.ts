import { toFlotillaError } from '@flotilla/errors';
import type { Connection } from '@flotilla/transport';
import { decodeHello, type Hello } from '@flotilla/wire';
import { unexpected } from './link-errors.js';
import type { MemberConnection } from './member-connection.js';
import type { PeerHellos } from './peer-hellos.js';
import type { PeerLinksOptions } from './peer-links-options.js';

/** Who takes what was accepted. */
export interface AcceptedConnectionsHost extends Pick<PeerLinksOptions, 'serve' | 'stranger' | 'client'> {
  readonly hellos: PeerHellos;
  /** Attaches to a connection whose node calls itself a member. */
  attach(connection: Connection, hello: Hello): MemberConnection;
  /** It is one. */
  adopt(member: MemberConnection): void;
}

/** Sorts what listeners accept, whose hellos are judged: clients, nodes that want to join, members, and strangers that may be members. */
export class AcceptedConnections {
  readonly #host: AcceptedConnectionsHost;

  constructor(host: AcceptedConnectionsHost) {
    this.#host = host;
  }

  accept(connection: Connection): void {
    const hello = decodeHello(connection.remoteHello);
    if (hello.role === 'client') this.#host.client(connection);
    else if (hello.clusterId === undefined) this.#serveJoiner(connection, hello);
    else if (this.#host.hellos.isStranger(hello)) void this.#meet(this.#host.attach(connection, hello));
    else this.#admit(connection, hello);
  }

  /** Judged once more: since its hello was, the cluster may have told who the node is. */
  #admit(connection: Connection, hello: Hello): void {
    try {
      this.#host.hellos.judge(hello, connection.remote);
    } catch (error) {
      connection.destroy(toFlotillaError(error));
      return;
    }
    this.#host.adopt(this.#host.attach(connection, hello));
  }

  async #meet(member: MemberConnection): Promise<void> {
    const { connection, hello } = member;
    try {
      await this.#host.stranger?.((body, signal) => connection.request(body, { signal }));
      this.#host.hellos.judge(hello, connection.remote);
      this.#host.adopt(member);
    } catch {
      // Told as an event by whoever refused; the stranger dials again, should it be one of us.
      await connection.close();
    }
  }

  #serveJoiner(connection: Connection, hello: Hello): void {
    const { remote } = connection;
    const misuse = unexpected(remote.address, 'has not joined, and may only ask to join');
    connection.attach({
      frames: () => connection.destroy(misuse),
      request: (body, signal) => this.#host.serve({ node: 0, hello, remote }, body, signal),
      stream: (stream) => stream.abort(misuse),
      drained: () => undefined,
      closed: () => undefined,
    });
  }
}
