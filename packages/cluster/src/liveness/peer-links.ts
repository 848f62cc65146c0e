import { FlotillaError, isFlotillaError, toFlotillaError } from '@flotilla/errors';
import { type Runtime, withDeadline } from '@flotilla/runtime';
import type { Connection, Handshake, Listener, OutgoingStream, RemoteIdentity, Transport } from '@flotilla/transport';
import {
  decodeHello,
  decodeRefusal,
  encodeHello,
  encodeRefusal,
  FrameKind,
  type Hello,
  WIRE_VERSIONS,
} from '@flotilla/wire';
import type { PeerEvents, PeerNetwork } from '../raft-loop/peer-network.js';
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
import { Redial } from './redial.js';

/** Who asks. */
export interface Requester {
  /** 0: a node that is not a member yet, and may only ask to join. */
  readonly node: number;
  readonly hello: Hello;
  readonly remote: RemoteIdentity;
}

/** What links need of the parts above them. */
export interface PeerLinksOptions {
  readonly runtime: Runtime;
  readonly transports: readonly Transport[];
  readonly directory: NodeDirectory;
  /** Asked for each hello. */
  readonly identity: () => LocalIdentity;
  /** Answers a request of another node; a rejection travels as an error. */
  readonly serve: (from: Requester, body: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;
  /** A frame that is no Raft batch: heartbeats and pushes. */
  readonly control: (node: number, frame: Uint8Array) => void;
  /**
   * A node that is not known here calls itself a member: ask it what it knows. Once that is taken in, it is judged again, and let in or not.
   * Without it such nodes are refused.
   */
  readonly stranger?: (request: (body: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>) => Promise<void>;
  /** A client connection, not yet attached. */
  readonly client: (connection: Connection) => void;
  /** Another node's hello carries this cluster epoch. */
  readonly epochSeen: (epoch: number) => void;
  /** A usable connection to the node, in this of its lives, exists where none was. Called before the loops hear of it. */
  readonly connected?: (node: number, hostEpoch: number) => void;
  /** The connection to the node was exchanged for another one to the same life of it, without one being missing here. */
  readonly reconnected?: (node: number) => void;
  /** The last usable connection to the node is gone; `dropped`: because the node is a member no more. */
  readonly broken?: (node: number, why: 'reset' | 'dropped') => void;
  /** A dial of the node found nobody at its address. */
  readonly unreachable?: (node: number) => void;
  /** Frames of the node arrived, of whatever kind. */
  readonly heard?: (node: number) => void;
  /** A member refused this node as one that the cluster does not know any more. */
  readonly disowned?: (error: FlotillaError) => void;
  /** The worker that holds the group of a snapshot stream, by the stream's header (default: worker 0). */
  readonly workerOf?: (header: Uint8Array) => number;
  readonly onEvent?: (event: PeerEvent) => void;
  readonly timing?: Partial<LinkTiming>;
}

/** When links are dialled (ms). */
export interface LinkTiming {
  readonly redialFirstMs: number;
  readonly redialMaxMs: number;
  /** The node with the higher id leaves the lower one this long to dial first; after a break no longer than `redialFirstMs`. */
  readonly higherIdWaitsMs: number;
  readonly dialTimeoutMs: number;
}

/** Defaults of LinkTiming. */
export const DEFAULT_LINK_TIMING: LinkTiming = {
  redialFirstMs: 50,
  redialMaxMs: 1_000,
  higherIdWaitsMs: 200,
  dialTimeoutMs: 5_000,
};

/** A connection that is good for join requests only. */
export interface JoinLink {
  readonly address: string;
  readonly hello: Hello;
  request(body: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  close(): void;
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

/** A node to be linked to. */
export interface LinkedNode {
  readonly id: number;
  /** Where it can be dialled; empty: only it dials. */
  readonly addresses: readonly string[];
  /** Whether it may vote (default true). One that never does, and has no address, is looked for nowhere: it comes and goes as it likes. */
  readonly voter?: boolean;
}

interface Link {
  readonly node: number;
  addresses: readonly string[];
  isVoter: boolean;
  /** Where else the node was met: it moved, and the topology does not know yet. */
  readonly met: Set<string>;
  connection: Connection | undefined;
  hostEpoch: number;
  /** The place among its addresses at which dialling begins. */
  firstAddress: number;
  error: string | undefined;
  readonly redial: Redial;
}

/** Addresses at which a node was met beside those on record. */
const MET_MAX = 4;

/**
 * One connection to each known node of the cluster, kept alive: dialled by both sides, and where both dials meet, the one dialled by the
 * lower node id stays. Implements what the loops need of the network, and carries requests between nodes.
 */
export class PeerLinks {
  readonly #options: PeerLinksOptions;
  readonly #timing: LinkTiming;
  readonly #transports = new Map<string, Transport>();
  readonly #links = new Map<number, Link>();
  readonly #listeners: Listener[] = [];
  readonly #networks: (PeerEvents | undefined)[] = [];
  readonly #seeds = new Map<string, Redial>();
  readonly #abort = new AbortController();
  #closed: FlotillaError | undefined;

  constructor(options: PeerLinksOptions) {
    this.#options = options;
    this.#timing = { ...DEFAULT_LINK_TIMING, ...options.timing };
    for (const transport of options.transports) {
      for (const scheme of transport.schemes) this.#transports.set(scheme, transport);
    }
  }

  /** Listens on an address and resolves with its canonical form, port resolved. @throws AddressInUse, InvalidConfig */
  async listen(address: string): Promise<string> {
    const transport = this.#transportFor(address);
    if (transport === undefined) throw noTransport(address);
    const listener = await transport.listen(address, {
      handshake: this.#handshake((hello, remote) => this.#judgeAccepted(hello, remote)),
      accept: (connection) => this.#accept(connection),
    });
    this.#listeners.push(listener);
    return listener.address;
  }

  /** The network of one worker's loop. Frames are offered to every worker; each takes those of its groups. */
  network(worker: number): PeerNetwork {
    return {
      attach: (events) => {
        this.#networks[worker] = events;
      },
      send: (node, frame) => this.#links.get(node)?.connection?.sendFrame(frame) ?? false,
      openSnapshotStream: (node, header, signal) => this.#openStream(node, header, signal),
      breakAll: (error) => this.#breakAll(error),
    };
  }

  /** The nodes to be linked to, this one not among them. Links to nodes that are no longer named are closed, and those whose key is off the record. */
  setPeers(nodes: readonly LinkedNode[]): void {
    if (this.#closed !== undefined) return;
    const wanted = new Set(nodes.map((node) => node.id));
    for (const [node, link] of this.#links) if (!wanted.has(node)) this.#drop(link);
    for (const node of nodes) {
      const { id, addresses, voter = true } = node;
      const link = this.#links.get(id);
      if (link === undefined) {
        this.#add(node);
        continue;
      }
      link.isVoter = voter;
      if (sameList(link.addresses, addresses)) continue;
      link.addresses = addresses;
      link.firstAddress = 0;
      if (this.#addressesOf(link).length === 0) link.redial.stop();
      else this.#lookFor(link);
    }
    this.#judgePinsAgain();
  }

  /** Addresses where members may be found that are not where they were: dialled while some link is missing, whoever answers. */
  setSeeds(addresses: readonly string[]): void {
    for (const address of addresses) {
      if (this.#seeds.has(address) || this.#transportFor(address) === undefined) continue;
      const redial = new Redial(this.#options.runtime, this.#redialDelays(), () => this.#dialSeed(address));
      this.#seeds.set(address, redial);
      redial.start(this.#timing.higherIdWaitsMs);
    }
  }

  /** Whether there is a transport for the address. */
  canDial(address: string): boolean {
    return this.#transportFor(address) !== undefined;
  }

  isConnected(node: number): boolean {
    return this.#links.get(node)?.connection !== undefined;
  }

  /** The life that a connected node is in; undefined without a connection. */
  hostEpochOf(node: number): number | undefined {
    const link = this.#links.get(node);
    return link?.connection === undefined ? undefined : link.hostEpoch;
  }

  /** Queues a frame that is no Raft batch; false where it could not be. */
  sendControl(node: number, frame: Uint8Array): boolean {
    return this.#links.get(node)?.connection?.sendFrame(frame) ?? false;
  }

  /** Sends a request. Rejects with Unreachable (definite) where there is no link, and as `Connection.request` does. */
  request(node: number, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const connection = this.#links.get(node)?.connection;
    return connection === undefined ? Promise.reject(unreachable(node)) : connection.request(body, { signal });
  }

  /** Breaks the link to a node that no longer answers, so that it is dialled anew. */
  breakLink(node: number, error: Error): void {
    this.#links.get(node)?.connection?.destroy(error);
  }

  /** All links by node. */
  report(): readonly LinkReport[] {
    return [...this.#links.values()]
      .toSorted((a, b) => a.node - b.node)
      .map(({ node, connection, error }) => ({
        node,
        connected: connection !== undefined,
        address: connection?.remote.address,
        error: connection === undefined ? error : undefined,
      }));
  }

  /** Dials an address whose node need not be known, to ask it to be let in. @throws Unreachable, Timeout, Aborted, or what its refusal says */
  async dialForJoin(address: string, signal: AbortSignal): Promise<JoinLink> {
    const own = this.#options.identity();
    const connection = await this.#dial(address, signal, (hello, remote) => {
      if (hello.role !== 'peer') throw unexpected(remote.address, 'is no node of a cluster');
      if (hello.incarnation === own.incarnation) throw unexpected(remote.address, 'leads back to this node itself');
    });
    connection.attach({
      frames: () => connection.destroy(unexpected(address, 'sends frames to a node that has not joined')),
      request: () => Promise.reject(unexpected(address, 'asks a node that has not joined')),
      stream: (stream) => stream.abort(unexpected(address, 'streams to a node that has not joined')),
      drained: () => undefined,
      closed: () => undefined,
    });
    return {
      address,
      hello: decodeHello(connection.remoteHello),
      request: (body, requestSignal) => connection.request(body, { signal: requestSignal }),
      close: () => void connection.close(),
    };
  }

  /** Stops dialling and accepting and closes all connections in good order. Idempotent. */
  async close(): Promise<void> {
    const error = new FlotillaError('Shutdown', { message: 'the node stops', details: {} });
    this.#end(error);
    const connections = [...this.#links.values()].flatMap(({ connection }) => connection ?? []);
    this.#links.clear();
    await Promise.all([
      ...this.#listeners.splice(0).map((listener) => listener.close()),
      ...connections.map((connection) => connection.close()),
    ]);
  }

  #breakAll(error: Error): void {
    this.#end(toFlotillaError(error));
    for (const { connection } of this.#links.values()) connection?.destroy(error);
    for (const listener of this.#listeners.splice(0)) void listener.close();
  }

  #end(error: FlotillaError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#abort.abort(error);
    for (const { redial } of this.#links.values()) redial.stop();
    for (const redial of this.#seeds.values()) redial.stop();
  }

  async #openStream(node: number, header: Uint8Array, signal: AbortSignal): Promise<OutgoingStream> {
    const connection = this.#links.get(node)?.connection;
    if (connection === undefined) throw unreachable(node);
    return connection.openStream(header, { signal });
  }

  // Hellos

  #handshake(judge: (hello: Hello, remote: RemoteIdentity) => void): Handshake {
    return {
      hello: () => encodeHello(this.#ownHello()),
      verify: (bytes, remote) => {
        if (this.#closed !== undefined) throw this.#closed;
        const hello = decodeHello(bytes);
        this.#told(hello.nodeId, remote.address, () => judgeCertificate(hello, remote));
        judge(hello, remote);
      },
      refusal: (error) => encodeRefusal(error),
      refused: (bytes) => decodeRefusal(bytes),
    };
  }

  #ownHello(): Hello {
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

  #judgeAccepted(hello: Hello, remote: RemoteIdentity): void {
    const local = this.#options.identity();
    if (hello.role === 'client') judgeClient(hello, remote, local);
    else if (hello.clusterId === undefined || this.#isStranger(hello)) return;
    else this.#judge(hello, remote, undefined);
  }

  #judge(hello: Hello, remote: RemoteIdentity, expected: number | undefined): void {
    const { identity, directory } = this.#options;
    this.#told(hello.nodeId, remote.address, () => judgeMember(hello, remote, identity(), directory, expected));
  }

  /** Tells of a refusal and passes it on. */
  #told(peer: number, address: string, judge: () => void): void {
    try {
      judge();
    } catch (error) {
      this.#refused(peer, address, error);
      throw error;
    }
  }

  /** Breaks the connections of nodes whose keys were taken off the record meanwhile. */
  #judgePinsAgain(): void {
    for (const { node, connection } of this.#links.values()) {
      const known = this.#options.directory(node);
      if (known === undefined || connection === undefined) continue;
      try {
        judgePin(known, connection.remote);
      } catch (error) {
        this.#refused(node, connection.remote.address, error);
        connection.destroy(toFlotillaError(error));
      }
    }
  }

  #refused(peer: number, address: string, error: unknown): void {
    if (isFlotillaError(error, 'NotReady')) return;
    const text = toFlotillaError(error).message;
    this.#options.onEvent?.({ name: 'peer.refused', peer, address, error: text });
  }

  // Connections

  #accept(connection: Connection): void {
    const hello = decodeHello(connection.remoteHello);
    if (hello.role === 'client') this.#options.client(connection);
    else if (hello.clusterId === undefined) this.#serveJoiner(connection, hello);
    else if (this.#isStranger(hello)) void this.#meet(connection, hello);
    else this.#admit(connection, hello);
  }

  #isStranger(hello: Hello): boolean {
    const { stranger, identity, directory } = this.#options;
    return stranger !== undefined && isStranger(hello, identity(), directory);
  }

  /** A stranger's frames are dropped, as if they were lost, until it is known. */
  async #meet(connection: Connection, hello: Hello): Promise<void> {
    const attached = this.#attach(connection, hello.nodeId, hello);
    try {
      await this.#options.stranger?.((body, signal) => connection.request(body, { signal }));
      this.#judge(hello, connection.remote, undefined);
      this.#adopt(connection, hello, attached);
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
      request: (body, signal) => this.#options.serve({ node: 0, hello, remote }, body, signal),
      stream: (stream) => stream.abort(misuse),
      drained: () => undefined,
      closed: () => undefined,
    });
  }

  #admit(connection: Connection, hello: Hello): void {
    this.#adopt(connection, hello, this.#attach(connection, hello.nodeId, hello));
  }

  #adopt(connection: Connection, hello: Hello, attached: { admitted: boolean; closed: boolean }): void {
    const node = hello.nodeId;
    const known = this.#options.directory(node);
    const link = this.#links.get(node) ?? (known === undefined ? undefined : this.#add(known));
    if (attached.closed) return;
    attached.admitted = true;
    if (link === undefined || this.#closed !== undefined) {
      void connection.close();
      return;
    }
    this.#options.epochSeen(hello.clusterEpoch);
    for (const address of hello.addresses) this.#met(link, address);
    const before = link.connection;
    if (before !== undefined && !this.#replaces(connection, hello, link, before)) {
      void connection.close();
      return;
    }
    const isSameLife = hello.hostEpoch === link.hostEpoch;
    link.connection = connection;
    link.hostEpoch = hello.hostEpoch;
    link.error = undefined;
    link.redial.stop();
    if (before !== undefined) {
      void before.close();
      if (isSameLife) {
        this.#options.reconnected?.(node);
        return;
      }
      // Its process is another one: all that was on its way to the former is lost, whoever noticed.
      this.#tellBroken(node, 'the node was started anew', 'reset');
    }
    this.#options.onEvent?.({ name: 'peer.connected', peer: node, address: connection.remote.address });
    this.#options.connected?.(node, hello.hostEpoch);
    for (const network of this.#networks) network?.connected(node);
  }

  /** Of two connections to one node, the one dialled by the lower id stays; but one of a later start of that node wins over any older. */
  #replaces(connection: Connection, hello: Hello, link: Link, before: Connection): boolean {
    if (hello.hostEpoch !== link.hostEpoch) return hello.hostEpoch > link.hostEpoch;
    if (connection.dialled === before.dialled) return true;
    return connection.dialled === this.#isLowerThan(link.node);
  }

  #attach(connection: Connection, node: number, hello: Hello): { admitted: boolean; closed: boolean } {
    const attached = { admitted: false, closed: false };
    const { remote } = connection;
    connection.attach({
      frames: (frames) => {
        if (attached.admitted) this.#frames(node, frames);
      },
      request: (body, signal) =>
        this.#options.serve({ node: attached.admitted ? node : 0, hello, remote }, body, signal),
      stream: (stream) => {
        if (!attached.admitted) {
          stream.abort(notServing());
          return;
        }
        const worker = this.#workerOf(stream.header);
        const network = this.#networks[worker];
        if (network === undefined) stream.abort(notServing());
        else network.snapshotStream(node, stream);
      },
      drained: () => undefined,
      closed: (reason) => {
        attached.closed = true;
        const text = reason.error?.message ?? (reason.by === 'remote' ? 'closed by the other side' : 'closed');
        this.#lost(node, connection, text);
      },
    });
    return attached;
  }

  #workerOf(header: Uint8Array): number {
    return this.#options.workerOf?.(header) ?? 0;
  }

  #lost(node: number, connection: Connection, reason: string, why: 'reset' | 'dropped' = 'reset'): void {
    const link = this.#links.get(node);
    if (link?.connection !== connection) return;
    link.connection = undefined;
    link.error = reason;
    this.#tellBroken(node, reason, why);
    if (this.#closed !== undefined || why === 'dropped') return;
    if (this.#addressesOf(link).length > 0) {
      link.redial.start(this.#dialsFirst(node) ? 0 : this.#timing.redialFirstMs);
    }
    for (const redial of this.#seeds.values()) redial.hurry();
  }

  #tellBroken(node: number, reason: string, why: 'reset' | 'dropped'): void {
    this.#options.onEvent?.({ name: 'peer.broken', peer: node, reason });
    this.#options.broken?.(node, why);
    for (const network of this.#networks) network?.broken(node);
  }

  #frames(node: number, frames: readonly Uint8Array[]): void {
    this.#options.heard?.(node);
    let raft: Uint8Array[] | undefined;
    for (const [position, frame] of frames.entries()) {
      if (frame[0] === FrameKind.RaftBatch) raft?.push(frame);
      else {
        raft ??= frames.slice(0, position);
        this.#options.control(node, frame);
      }
    }
    const batches = raft ?? frames;
    if (batches.length === 0) return;
    for (const network of this.#networks) network?.frames(node, batches);
  }

  // Dialling

  #redialDelays(): { firstMs: number; maxMs: number } {
    return { firstMs: this.#timing.redialFirstMs, maxMs: this.#timing.redialMaxMs };
  }

  #isLowerThan(node: number): boolean {
    return this.#options.identity().nodeId < node;
  }

  /** Who cannot be dialled leaves it to nobody. */
  #dialsFirst(node: number): boolean {
    return this.#isLowerThan(node) || this.#options.identity().addresses.length === 0;
  }

  #add({ id: node, addresses, voter = true }: LinkedNode): Link {
    const link: Link = {
      node,
      addresses,
      isVoter: voter,
      met: new Set(),
      connection: undefined,
      hostEpoch: 0,
      firstAddress: 0,
      error: undefined,
      redial: new Redial(this.#options.runtime, this.#redialDelays(), () => this.#dialPeer(link)),
    };
    this.#links.set(node, link);
    if (this.#addressesOf(link).length > 0) {
      link.redial.start(this.#dialsFirst(node) ? 0 : this.#timing.higherIdWaitsMs);
    }
    return link;
  }

  /** Where a node can be dialled from here. Empty: it can only be waited for. */
  #addressesOf({ addresses, met }: Link): readonly string[] {
    return [...addresses, ...met].filter((address) => this.#transportFor(address) !== undefined);
  }

  /** There is news of where a node can be dialled. */
  #lookFor(link: Link): void {
    if (link.connection !== undefined) return;
    link.redial.start(0);
    link.redial.hurry();
  }

  #drop(link: Link): void {
    link.redial.stop();
    const { connection, node } = link;
    if (connection !== undefined) {
      this.#lost(node, connection, 'the node is no longer a member', 'dropped');
      void connection.close();
    }
    this.#links.delete(node);
  }

  /** Dials a node at one of its addresses after the other, beginning with the one that worked last. Where nobody is at any, nobody is there. */
  async #dialPeer(link: Link): Promise<void> {
    const addresses = this.#addressesOf(link);
    let isNobodyThere = addresses.length > 0;
    for (const turn of addresses.keys()) {
      const place = (link.firstAddress + turn) % addresses.length;
      const address = addresses[place];
      if (address === undefined || link.connection !== undefined || this.#links.get(link.node) !== link) return;
      const failure = await this.#dialMember(address, link);
      if (failure === undefined) {
        link.firstAddress = place;
        return;
      }
      // Who cannot say yet says so at each of its addresses: the first of them is for later.
      if (isFlotillaError(failure, 'NotReady')) return;
      if (!isFlotillaError(failure, 'Unreachable')) isNobodyThere = false;
    }
    if (isNobodyThere && link.connection === undefined) this.#options.unreachable?.(link.node);
  }

  async #dialSeed(address: string): Promise<void> {
    const links = [...this.#links.values()];
    const missing = links.some((link) => link.connection === undefined && (link.isVoter || link.addresses.length > 0));
    const onRecord = links.some((link) => link.addresses.includes(address) || link.met.has(address));
    if (!missing || onRecord || this.#options.identity().addresses.includes(address)) return;
    await this.#dialMember(address, undefined);
  }

  /** Dials a node of the cluster: the one of `link`, or whichever is behind the address. Resolves with why it failed; never rejects. */
  async #dialMember(address: string, link: Link | undefined): Promise<FlotillaError | undefined> {
    let answered = 0;
    try {
      const connection = await this.#dial(address, this.#abort.signal, (hello, remote) => {
        answered = hello.nodeId;
        this.#judge(hello, remote, link?.node);
      });
      this.#admit(connection, decodeHello(connection.remoteHello));
      return undefined;
    } catch (cause) {
      const error = toFlotillaError(cause);
      if (isFlotillaError(error, 'UnknownIncarnation') && error.details.node === this.#options.identity().nodeId) {
        this.#options.disowned?.(error);
      }
      if (link !== undefined) link.error = error.message;
      const other = link === undefined ? undefined : this.#links.get(answered);
      if (other !== undefined && other !== link) this.#met(other, address);
      return error;
    }
  }

  #met(link: Link, address: string): void {
    if (link.addresses.includes(address) || link.met.has(address) || this.#transportFor(address) === undefined) return;
    if (link.met.size >= MET_MAX) link.met.clear();
    link.met.add(address);
    this.#lookFor(link);
  }

  #dial(
    address: string,
    signal: AbortSignal,
    judge: (hello: Hello, remote: RemoteIdentity) => void,
  ): Promise<Connection> {
    const transport = this.#transportFor(address);
    if (transport === undefined) return Promise.reject(unspoken(address));
    const ms = this.#timing.dialTimeoutMs;
    const expired = (): Error =>
      new FlotillaError('Timeout', {
        message: `${address} did not answer a dial within ${ms} ms`,
        details: { operation: 'dial', ms },
        outcome: 'definite',
      });
    return withDeadline(this.#options.runtime, { ms, signal, expired }, (dialSignal) =>
      transport.dial(address, { handshake: this.#handshake(judge), signal: dialSignal }),
    );
  }

  #transportFor(address: string): Transport | undefined {
    return this.#transports.get(address.slice(0, address.indexOf(':') + 1));
  }
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, place) => value === b[place]);
}

function unreachable(node: number): FlotillaError {
  return new FlotillaError('Unreachable', {
    message: `there is no connection to node ${node}`,
    details: { address: `node ${node}` },
    outcome: 'definite',
  });
}

function unexpected(address: string, what: string): FlotillaError {
  return new FlotillaError('UnexpectedResponse', { message: `${address} ${what}`, details: { from: address } });
}

/** Others may be there that this node can speak to: not a mistake in itself, where a cluster has several transports. */
function unspoken(address: string): FlotillaError {
  return new FlotillaError('Unreachable', {
    message: `${address} cannot be dialled: this node has no transport for it`,
    details: { address },
    outcome: 'definite',
  });
}

function noTransport(address: string): FlotillaError {
  const reason = `no transport carries ${address}`;
  return new FlotillaError('InvalidConfig', { message: reason, details: { key: 'transports', reason } });
}

function notServing(): FlotillaError {
  const reason = 'this node does not take snapshots yet';
  return new FlotillaError('NotReady', { message: reason, details: { reason } });
}
