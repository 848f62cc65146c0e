import { FlotillaError, toFlotillaError } from '@flotilla/errors';
import type { Connection, Listener, OutgoingStream } from '@flotilla/transport';
import type { Hello } from '@flotilla/wire';
import type { PeerNetwork } from '../raft-loop/peer-network.js';
import { AcceptedConnections } from './accepted-connections.js';
import { type JoinLink, openJoinLink } from './join-link.js';
import { LinkDialling } from './link-dialling.js';
import { notConnected } from './link-errors.js';
import { MemberConnection, type MemberConnectionHost } from './member-connection.js';
import { PeerHellos } from './peer-hellos.js';
import { type LinkedNode, type LinkReport, PeerLink } from './peer-link.js';
import { type BreakKind, DEFAULT_LINK_TIMING, type PeerLinksOptions } from './peer-links-options.js';
import { PeerTransports } from './peer-transports.js';
import { WorkerNetworks } from './worker-networks.js';

/**
 * One connection to each known node of the cluster, kept alive: dialled by both sides, and where both dials meet, the one dialled by the
 * lower node id stays. Implements what the loops need of the network, and carries requests between nodes.
 */
export class PeerLinks {
  readonly #options: PeerLinksOptions;
  readonly #links = new Map<number, PeerLink>();
  readonly #listeners: Listener[] = [];
  readonly #abort = new AbortController();
  readonly #transports: PeerTransports;
  readonly #hellos: PeerHellos;
  readonly #dialling: LinkDialling;
  readonly #accepted: AcceptedConnections;
  readonly #workers: WorkerNetworks;
  #closed: FlotillaError | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: PeerLinksOptions) {
    const { runtime, identity, directory, stranger, onEvent } = options;
    const timing = { ...DEFAULT_LINK_TIMING, ...options.timing };
    this.#options = options;
    this.#transports = new PeerTransports(runtime, options.transports, timing.dialTimeoutMs);
    this.#hellos = new PeerHellos({
      identity,
      directory,
      asksStrangers: stranger !== undefined,
      closed: () => this.#closed,
      onEvent,
    });
    this.#dialling = new LinkDialling({
      runtime,
      timing,
      identity,
      transports: this.#transports,
      hellos: this.#hellos,
      links: this.#links,
      signal: this.#abort.signal,
      admit: (connection, hello) => this.#adopt(this.#attach(connection, hello)),
      unreachable: options.unreachable,
      disowned: options.disowned,
    });
    this.#accepted = new AcceptedConnections({
      hellos: this.#hellos,
      serve: options.serve,
      client: options.client,
      ...(stranger === undefined ? {} : { stranger }),
      attach: (connection, hello) => this.#attach(connection, hello),
      adopt: (member) => this.#adopt(member),
    });
    this.#workers = new WorkerNetworks({ workerOf: options.workerOf, control: options.control });
  }

  /** Listens on an address and resolves with its canonical form, port resolved. @throws AddressInUse, InvalidConfig */
  async listen(address: string): Promise<string> {
    const listener = await this.#transports.listen(address, {
      handshake: this.#hellos.accepting(),
      accept: (connection) => this.#accepted.accept(connection),
    });
    this.#listeners.push(listener);
    return listener.address;
  }

  /** The network of one worker's loop. Frames are offered to every worker; each takes those of its groups. */
  network(worker: number): PeerNetwork {
    return {
      attach: (events) => this.#workers.attach(worker, events),
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
      const link = this.#links.get(node.id);
      if (link === undefined) {
        this.#add(node);
      } else {
        link.isVoter = node.voter ?? true;
        link.setAddresses(node.addresses);
      }
    }
    this.#judgeKeysAgain();
  }

  /** Addresses where members may be found that are not where they were: dialled while some link is missing, whoever answers. */
  setSeeds(addresses: readonly string[]): void {
    this.#dialling.addSeeds(addresses);
  }

  /** Whether there is a transport for the address. */
  canDial(address: string): boolean {
    return this.#transports.carries(address);
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
    return connection === undefined ? Promise.reject(notConnected(node)) : connection.request(body, { signal });
  }

  /** Breaks the link to a node that no longer answers, so that it is dialled anew. */
  breakLink(node: number, error: Error): void {
    this.#links.get(node)?.connection?.destroy(error);
  }

  /** All links by node. */
  report(): readonly LinkReport[] {
    return [...this.#links.values()].toSorted((a, b) => a.node - b.node).map((link) => link.report);
  }

  /** Dials an address whose node need not be known, to ask it to be let in. @throws Unreachable, Timeout, Aborted, or what its refusal says */
  dialForJoin(address: string, signal: AbortSignal): Promise<JoinLink> {
    const { incarnation } = this.#options.identity();
    return openJoinLink(address, signal, { transports: this.#transports, hellos: this.#hellos, incarnation });
  }

  /** Stops dialling and accepting and closes all connections in good order. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
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
    // Those that cannot be closed are told of by `close`, which closes them all again.
    void Promise.allSettled(this.#listeners.map((listener) => listener.close()));
  }

  #end(error: FlotillaError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#abort.abort(error);
    for (const link of this.#links.values()) link.stopDialling();
    this.#dialling.stop();
  }

  async #openStream(node: number, header: Uint8Array, signal: AbortSignal): Promise<OutgoingStream> {
    const connection = this.#links.get(node)?.connection;
    if (connection === undefined) throw notConnected(node);
    return connection.openStream(header, { signal });
  }

  // Which nodes are linked to

  #add(node: LinkedNode): PeerLink {
    const link = new PeerLink(node, {
      runtime: this.#options.runtime,
      delays: this.#dialling.delays,
      carries: (address) => this.#transports.carries(address),
      dial: (dialled) => this.#dialling.dialPeer(dialled),
    });
    this.#links.set(node.id, link);
    this.#dialling.begin(link);
    return link;
  }

  #drop(link: PeerLink): void {
    link.stopDialling();
    const { connection, node } = link;
    if (connection !== undefined) {
      this.#lost(link, 'the node is no longer a member', 'dropped');
      void connection.close();
    }
    this.#links.delete(node);
  }

  /** Breaks the connections of nodes whose keys were taken off the record meanwhile. */
  #judgeKeysAgain(): void {
    for (const { node, connection } of this.#links.values()) {
      if (connection === undefined) continue;
      try {
        this.#hellos.judgeKeyAgain(node, connection.remote);
      } catch (error) {
        connection.destroy(toFlotillaError(error));
      }
    }
  }

  // Which connection is a node's

  readonly #memberHost: MemberConnectionHost = {
    frames: (node, frames) => {
      this.#options.heard?.(node);
      this.#workers.frames(node, frames);
    },
    serve: (from, body, signal) => this.#options.serve(from, body, signal),
    snapshotStream: (node, stream) => this.#workers.snapshotStream(node, stream),
    closed: ({ node, connection }, reason) => {
      const link = this.#links.get(node);
      if (link?.connection === connection) this.#lost(link, reason, 'reset');
    },
  };

  #attach(connection: Connection, hello: Hello): MemberConnection {
    return new MemberConnection(connection, hello, this.#memberHost);
  }

  /** A member is connected. Of two connections to one node, one stays. */
  #adopt(member: MemberConnection): void {
    const { node, connection, hello } = member;
    const known = this.#closed === undefined ? this.#options.directory(node) : undefined;
    const link = this.#links.get(node) ?? (known === undefined ? undefined : this.#add(known));
    if (member.isClosed) return;
    member.admit();
    if (link === undefined || this.#closed !== undefined) {
      void connection.close();
      return;
    }
    this.#options.epochSeen(hello.clusterEpoch);
    for (const address of hello.addresses) link.metAt(address);
    const before = link.connection;
    if (before !== undefined && !this.#replaces(member, link, before)) {
      void connection.close();
      return;
    }
    const isSameLife = hello.hostEpoch === link.hostEpoch;
    link.connected(connection, hello.hostEpoch);
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
    this.#workers.connected(node);
  }

  /** Of two connections to one node, the one dialled by the lower id stays; but one of a later start of that node wins over any older. */
  #replaces({ connection, hello }: MemberConnection, link: PeerLink, before: Connection): boolean {
    if (hello.hostEpoch !== link.hostEpoch) return hello.hostEpoch > link.hostEpoch;
    if (connection.dialled === before.dialled) return true;
    return connection.dialled === this.#dialling.isLowerThan(link.node);
  }

  #lost(link: PeerLink, reason: string, why: BreakKind): void {
    link.lost(reason);
    this.#tellBroken(link.node, reason, why);
    if (this.#closed === undefined && why !== 'dropped') this.#dialling.beginAgain(link);
  }

  #tellBroken(node: number, reason: string, why: BreakKind): void {
    this.#options.onEvent?.({ name: 'peer.broken', peer: node, reason });
    this.#options.broken?.(node, why);
    this.#workers.broken(node);
  }
}
