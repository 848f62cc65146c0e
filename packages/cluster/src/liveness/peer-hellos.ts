import { type FlotillaError, isFlotillaError, toFlotillaError } from '@flotilla/errors';
import type { Handshake, RemoteIdentity } from '@flotilla/transport';
import { decodeHello, decodeRefusal, encodeHello, encodeRefusal, type Hello, WIRE_VERSIONS } from '@flotilla/wire';
import {
  isStranger,
  judgeCertificate,
  judgeClient,
  judgeMember,
  judgePin,
  type LocalIdentity,
  type NodeDirectory,
} from './hello-judgement.js';
import type { PeerEvent } from './peer-event.js';

/** Who judges hellos, and by what. */
export interface PeerHellosOptions {
  /** Asked for each hello. */
  readonly identity: () => LocalIdentity;
  readonly directory: NodeDirectory;
  /** Whether a node that is not known here may come in to be asked what it knows. */
  readonly asksStrangers: boolean;
  /** Why nobody is let in any more; undefined while hellos are judged. */
  readonly closed: () => FlotillaError | undefined;
  readonly onEvent?: ((event: PeerEvent) => void) | undefined;
}

/** This node's part in the exchange of hellos: what it says of itself, and its judgement of what others say. Refusals are told as events. */
export class PeerHellos {
  readonly #options: PeerHellosOptions;

  constructor(options: PeerHellosOptions) {
    this.#options = options;
  }

  /** For a dial. @param judge Throws what the other side's hello is refused with */
  dialling(judge: (hello: Hello, remote: RemoteIdentity) => void): Handshake {
    return {
      hello: () => encodeHello(this.#own()),
      verify: (bytes, remote) => {
        const closed = this.#options.closed();
        if (closed !== undefined) throw closed;
        const hello = decodeHello(bytes);
        this.#told(hello.nodeId, remote.address, () => judgeCertificate(hello, remote));
        judge(hello, remote);
      },
      refusal: (error) => encodeRefusal(error),
      refused: (bytes) => decodeRefusal(bytes),
    };
  }

  /** For a listener: lets in clients, nodes that want to join, members, and strangers who may be members. */
  accepting(): Handshake {
    return this.dialling((hello, remote) => {
      if (hello.role === 'client') judgeClient(hello, remote, this.#options.identity());
      else if (hello.clusterId === undefined || this.isStranger(hello)) return;
      else this.judge(hello, remote);
    });
  }

  /** Judges the hello of a member; see `judgeMember`. @param expected The node that was dialled; undefined: any */
  judge(hello: Hello, remote: RemoteIdentity, expected?: number): void {
    const { identity, directory } = this.#options;
    this.#told(hello.nodeId, remote.address, () => judgeMember(hello, remote, identity(), directory, expected));
  }

  /** Judges anew whether the key that a connected node showed is on record for it. @throws Unauthorized */
  judgeKeyAgain(node: number, remote: RemoteIdentity): void {
    const known = this.#options.directory(node);
    if (known !== undefined) this.#told(node, remote.address, () => judgePin(known, remote));
  }

  /** Whether a node calls itself a member that is not known here, and is to be asked what it knows. */
  isStranger(hello: Hello): boolean {
    const { asksStrangers, identity, directory } = this.#options;
    return asksStrangers && isStranger(hello, identity(), directory);
  }

  #own(): Hello {
    const { clusterId, nodeId, incarnation, clusterEpoch, hostEpoch, addresses } = this.#options.identity();
    return {
      role: 'peer',
      versions: WIRE_VERSIONS,
      clusterId,
      nodeId,
      incarnation,
      clusterEpoch,
      hostEpoch,
      addresses,
      capabilities: [],
    };
  }

  /** Tells of a refusal and passes it on. */
  #told(peer: number, address: string, judge: () => void): void {
    try {
      judge();
    } catch (error) {
      if (!isFlotillaError(error, 'NotReady')) {
        this.#options.onEvent?.({ name: 'peer.refused', peer, address, error: toFlotillaError(error).message });
      }
      throw error;
    }
  }
}
