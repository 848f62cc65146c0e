import { type FlotillaError, isFlotillaError, toFlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { Connection } from '@flotilla/transport';
import { decodeHello, type Hello } from '@flotilla/wire';
import type { LocalIdentity } from './hello-judgement.js';
import { unexpected } from './link-errors.js';
import type { PeerHellos } from './peer-hellos.js';
import type { PeerLink } from './peer-link.js';
import type { LinkTiming } from './peer-links-options.js';
import type { PeerTransports } from './peer-transports.js';
import { Redial, type RedialDelays } from './redial.js';

/** What dialling is made of. */
export interface LinkDiallingOptions {
  readonly runtime: Runtime;
  readonly timing: LinkTiming;
  readonly identity: () => LocalIdentity;
  readonly transports: PeerTransports;
  readonly hellos: PeerHellos;
  /** The links by node: those that are wanted now. */
  readonly links: ReadonlyMap<number, PeerLink>;
  /** Ends all dials. */
  readonly signal: AbortSignal;
  /** A member answered, and is who was dialled. */
  readonly admit: (connection: Connection, hello: Hello) => void;
  /** Nobody is at any address of the node. */
  readonly unreachable?: ((node: number) => void) | undefined;
  /** A member refused this node as one that the cluster does not know any more. */
  readonly disowned?: ((error: FlotillaError) => void) | undefined;
}

/**
 * Who dials whom, when and where. Of two nodes the lower id dials first; one that nobody can dial leaves it to nobody. While a link is missing
 * the seeds are dialled too, whoever answers: members may have moved.
 */
export class LinkDialling {
  readonly #options: LinkDiallingOptions;
  readonly #seeds = new Map<string, Redial>();

  constructor(options: LinkDiallingOptions) {
    this.#options = options;
  }

  /** The waits between dials of one link. */
  get delays(): RedialDelays {
    const { redialFirstMs, redialMaxMs } = this.#options.timing;
    return { firstMs: redialFirstMs, maxMs: redialMaxMs };
  }

  /** Whether this node has the lower id of the two, whose dials win. */
  isLowerThan(node: number): boolean {
    return this.#options.identity().nodeId < node;
  }

  /** A node is to be linked to. */
  begin(link: PeerLink): void {
    link.dialIn(this.#dialsFirst(link.node) ? 0 : this.#options.timing.higherIdWaitsMs);
  }

  /** A node was linked to, and is no longer. */
  beginAgain(link: PeerLink): void {
    link.dialIn(this.#dialsFirst(link.node) ? 0 : this.#options.timing.redialFirstMs);
    for (const redial of this.#seeds.values()) redial.hurry();
  }

  /** Addresses to be dialled while some link is missing, whoever answers. */
  addSeeds(addresses: readonly string[]): void {
    const { runtime, timing, transports } = this.#options;
    for (const address of addresses) {
      if (this.#seeds.has(address) || !transports.carries(address)) continue;
      const redial = new Redial(runtime, this.delays, () => this.#dialSeed(address));
      this.#seeds.set(address, redial);
      redial.start(timing.higherIdWaitsMs);
    }
  }

  /** Dials no more seeds; links are stopped by who holds them. */
  stop(): void {
    for (const redial of this.#seeds.values()) redial.stop();
  }

  /** Who cannot be dialled leaves it to nobody. */
  #dialsFirst(node: number): boolean {
    return this.isLowerThan(node) || this.#options.identity().addresses.length === 0;
  }

  /** Dials a node at one of its addresses after the other, beginning with the one that worked last. Where nobody is at any, nobody is there. */
  async dialPeer(link: PeerLink): Promise<void> {
    const addresses = link.dialAddresses;
    const { links, unreachable } = this.#options;
    let isNobodyThere = addresses.length > 0;
    for (const turn of addresses.keys()) {
      const place = (link.firstPlace + turn) % addresses.length;
      const address = addresses[place];
      if (address === undefined || link.connection !== undefined || links.get(link.node) !== link) return;
      const failure = await this.#dialMember(address, link);
      if (failure === undefined) {
        link.workedAt(place);
        return;
      }
      // Who cannot say yet says so at each of its addresses: the first of them is for later.
      if (isFlotillaError(failure, 'NotReady')) return;
      if (!isFlotillaError(failure, 'Unreachable')) isNobodyThere = false;
    }
    if (isNobodyThere && link.connection === undefined) unreachable?.(link.node);
  }

  async #dialSeed(address: string): Promise<void> {
    const links = [...this.#options.links.values()];
    const missing = links.some((link) => link.isMissing);
    const onRecord = links.some((link) => link.hasAddress(address));
    if (!missing || onRecord || this.#options.identity().addresses.includes(address)) return;
    await this.#dialMember(address, undefined);
  }

  /** Dials a node of the cluster: the one of `link`, or whichever is behind the address. Resolves with why it failed; never rejects. */
  async #dialMember(address: string, link: PeerLink | undefined): Promise<FlotillaError | undefined> {
    const { transports, hellos, links, signal, admit, identity, disowned } = this.#options;
    let answered = 0;
    const handshake = hellos.dialling((hello, remote) => {
      answered = hello.nodeId;
      hellos.judge(hello, remote, link?.node);
      if (link === undefined) this.#mustBeMissing(hello, remote.address);
    });
    try {
      const connection = await transports.dial(address, signal, handshake);
      admit(connection, decodeHello(connection.remoteHello));
      return undefined;
    } catch (cause) {
      const error = toFlotillaError(cause);
      if (isFlotillaError(error, 'UnknownIncarnation') && error.details.node === identity().nodeId) disowned?.(error);
      if (link !== undefined) link.error = error.message;
      const other = link === undefined ? undefined : links.get(answered);
      if (other !== undefined && other !== link) other.metAt(address);
      return error;
    }
  }

  /** Whoever is behind a seed and is linked already keeps its connection: it would be exchanged with every dial, and all its streams end. */
  #mustBeMissing({ nodeId, hostEpoch }: Hello, address: string): void {
    const link = this.#options.links.get(nodeId);
    if (link?.connection === undefined || link.hostEpoch < hostEpoch) return;
    throw unexpected(address, `leads to node ${nodeId}, which is linked already`);
  }
}
