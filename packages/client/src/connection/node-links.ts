import { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import { canonicalAddress, type NodeInfo } from '@flotilla/routing';
import type { Handshake, Transport } from '@flotilla/transport';
import { clientHandshake } from './client-handshake.js';
import { NodeLink } from './node-link.js';

/** What the links of a client are made of. */
export interface NodeLinksOptions {
  readonly transports: readonly Transport[];
  readonly runtime: Runtime;
  readonly inFlightPerNodeMax: number;
}

/** All links of a client: one for each address, and for each node the one that is open. */
export class NodeLinks {
  /** The cluster that the client belongs to, once known: nodes of another are refused. */
  clusterId: string | undefined;
  readonly #options: NodeLinksOptions;
  readonly #transports = new Map<string, Transport>();
  readonly #handshake: Handshake;
  readonly #links = new Map<string, NodeLink>();
  readonly #openByNode = new Map<number, NodeLink>();
  #closedWith: FlotillaError | undefined;

  constructor(options: NodeLinksOptions) {
    this.#options = options;
    this.#handshake = clientHandshake(() => this.clusterId);
    for (const transport of options.transports) {
      for (const scheme of transport.schemes) this.#transports.set(scheme, transport);
    }
  }

  /** The links that have a connection. */
  open(): NodeLink[] {
    return [...this.#links.values()].filter((link) => link.isOpen);
  }

  /** Whether a transport is there for the address's scheme. */
  reaches(address: string): boolean {
    return this.#transportOf(address) !== undefined;
  }

  /** The link to an address. @throws {FlotillaError} InvalidArgument for no address, InvalidConfig without a transport, Shutdown */
  at(address: string): NodeLink {
    if (this.#closedWith !== undefined) throw this.#closedWith;
    const canonical = canonicalAddress(address);
    const known = this.#links.get(canonical);
    if (known !== undefined) return known;
    const transport = this.#transportOf(canonical);
    if (transport === undefined) {
      const schemes = [...this.#transports.keys()].join(' ');
      throw new FlotillaError('InvalidConfig', {
        message: `no transport was given for ${canonical}; those given serve ${schemes}`,
        details: { key: 'transports', reason: `none for ${canonical}` },
      });
    }
    const { runtime, inFlightPerNodeMax } = this.#options;
    const link = new NodeLink({
      address: canonical,
      transport,
      handshake: this.#handshake,
      runtime,
      inFlightMax: inFlightPerNodeMax,
      changed: (changed) => this.#changed(changed),
    });
    this.#links.set(canonical, link);
    return link;
  }

  /** The link to a node: the open one, else one of its addresses that may be dialled; undefined: there is none now. */
  ofNode(id: number, info: NodeInfo | undefined): NodeLink | undefined {
    const open = this.#openByNode.get(id);
    if (open !== undefined || info === undefined || this.#closedWith !== undefined) return open;
    for (const address of info.addresses) {
      if (!this.reaches(address)) continue;
      const link = this.at(address);
      if (link.usable) return link;
    }
    return undefined;
  }

  /** Closes links that lead to none of these addresses and have nothing under way. */
  retain(addresses: ReadonlySet<string>): void {
    for (const [address, link] of this.#links) {
      if (addresses.has(address) || !link.isIdle || !link.isOpen) continue;
      this.#links.delete(address);
      void link.close(noLongerNeeded(address));
    }
  }

  /** Closes all; everything on them is lost with the error. */
  async close(error: FlotillaError): Promise<void> {
    this.#closedWith = error;
    await Promise.all([...this.#links.values()].map((link) => link.close(error)));
    this.#links.clear();
    this.#openByNode.clear();
  }

  #changed(link: NodeLink): void {
    if (link.isOpen && link.nodeId !== 0) {
      if (this.#openByNode.get(link.nodeId)?.isOpen !== true) this.#openByNode.set(link.nodeId, link);
    } else if (this.#openByNode.get(link.nodeId) === link) {
      this.#openByNode.delete(link.nodeId);
      const other = this.open().find((each) => each.nodeId === link.nodeId);
      if (other !== undefined) this.#openByNode.set(link.nodeId, other);
    }
  }

  #transportOf(address: string): Transport | undefined {
    return this.#transports.get(address.slice(0, address.indexOf(':') + 1));
  }
}

function noLongerNeeded(address: string): FlotillaError<'ConnectionClosed'> {
  return new FlotillaError('ConnectionClosed', {
    message: `the connection with ${address} is no longer needed`,
    details: { address },
  });
}
