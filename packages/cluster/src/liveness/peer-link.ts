import type { Runtime } from '@flotilla/runtime';
import type { Connection } from '@flotilla/transport';
import { Redial, type RedialDelays } from './redial.js';

/** A node to be linked to. */
export interface LinkedNode {
  readonly id: number;
  /** Where it can be dialled; empty: only it dials. */
  readonly addresses: readonly string[];
  /** Whether it may vote (default true). One that never does, and has no address, is looked for nowhere: it comes and goes as it likes. */
  readonly voter?: boolean;
}

/** What is known of the link to one node. */
export interface LinkReport {
  readonly node: number;
  readonly connected: boolean;
  /** Address of the connection; undefined without one. */
  readonly address: string | undefined;
  /** Why the last connection ended, or could not be made; undefined while connected. */
  readonly error: string | undefined;
}

/** How a link finds its node. */
export interface PeerLinkOptions {
  readonly runtime: Runtime;
  readonly delays: RedialDelays;
  /** Whether this node can dial the address at all. */
  readonly carries: (address: string) => boolean;
  /** Dials the node once; must not reject. */
  readonly dial: (link: PeerLink) => Promise<void>;
}

/** Addresses at which a node was met beside those on record. */
const MET_MAX = 4;

/** The link to one node: where it can be dialled, and the connection to it, or why there is none. */
export class PeerLink {
  readonly node: number;
  isVoter: boolean;
  /** Why the last connection ended, or could not be made. */
  error: string | undefined;
  readonly #carries: (address: string) => boolean;
  readonly #redial: Redial;
  #addresses: readonly string[];
  /** Where else the node was met: it moved, and the topology does not know yet. */
  readonly #met = new Set<string>();
  /** The place among its addresses at which dialling begins. */
  #firstPlace = 0;
  #connection: Connection | undefined;
  #hostEpoch = 0;

  constructor({ id, addresses, voter = true }: LinkedNode, options: PeerLinkOptions) {
    this.node = id;
    this.isVoter = voter;
    this.#addresses = addresses;
    this.#carries = options.carries;
    this.#redial = new Redial(options.runtime, options.delays, () => options.dial(this));
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** The life that the node is in, or was when it was last connected; 0: it never was. */
  get hostEpoch(): number {
    return this.#hostEpoch;
  }

  /** Whether the node is not there and should be. */
  get isMissing(): boolean {
    return this.#connection === undefined && (this.isVoter || this.#addresses.length > 0);
  }

  get report(): LinkReport {
    const connection = this.#connection;
    return {
      node: this.node,
      connected: connection !== undefined,
      address: connection?.remote.address,
      error: connection === undefined ? this.error : undefined,
    };
  }

  // Where it can be dialled

  /** Where the node can be dialled from here. Empty: it can only be waited for. */
  get dialAddresses(): readonly string[] {
    return [...this.#addresses, ...this.#met].filter((address) => this.#carries(address));
  }

  /** The place among `dialAddresses` at which dialling begins: the one that worked last. */
  get firstPlace(): number {
    return this.#firstPlace;
  }

  /** The address at this place of `dialAddresses` worked. */
  workedAt(place: number): void {
    this.#firstPlace = place;
  }

  /** Whether the address is the node's, on record or met. */
  hasAddress(address: string): boolean {
    return this.#addresses.includes(address) || this.#met.has(address);
  }

  /** The addresses on record are these. */
  setAddresses(addresses: readonly string[]): void {
    if (sameList(this.#addresses, addresses)) return;
    this.#addresses = addresses;
    this.#firstPlace = 0;
    if (this.dialAddresses.length === 0) this.#redial.stop();
    else this.#lookFor();
  }

  /** The node was met at an address, or says that it is there. */
  metAt(address: string): void {
    if (this.hasAddress(address) || !this.#carries(address)) return;
    if (this.#met.size >= MET_MAX) this.#met.clear();
    this.#met.add(address);
    this.#lookFor();
  }

  // Dialling

  /** Dials in `delayMs`, and on until connected, where there is an address to dial. */
  dialIn(delayMs: number): void {
    if (this.dialAddresses.length > 0) this.#redial.start(delayMs);
  }

  stopDialling(): void {
    this.#redial.stop();
  }

  /** There is news of where the node can be dialled. */
  #lookFor(): void {
    if (this.#connection !== undefined) return;
    this.#redial.start(0);
    this.#redial.hurry();
  }

  // The connection

  /** The node, in this of its lives, is reached by this connection now. */
  connected(connection: Connection, hostEpoch: number): void {
    this.#connection = connection;
    this.#hostEpoch = hostEpoch;
    this.error = undefined;
    this.#redial.stop();
  }

  /** The connection is gone. */
  lost(reason: string): void {
    this.#connection = undefined;
    this.error = reason;
  }
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, place) => value === b[place]);
}
