import { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { Connection } from '@flotilla/transport';
import type { KvGroups } from '../state-machine/kv-groups.js';
import { ClientConnection, type ClientServices } from './client-connection.js';
import { DEFAULT_ENDPOINT_LIMITS, type EndpointLimits } from './endpoint-limits.js';
import type { EndpointNode } from './endpoint-node.js';
import { DEFAULT_HISTORY_POLICY, HistoryKeeper, type HistoryPolicy } from './history-keeper.js';
import { serveLane } from './lane.js';
import { Leadership } from './leadership.js';
import { Proposals } from './proposals.js';
import { Reads } from './reads.js';
import { groupNotFound } from './refusals.js';
import { Watches } from './watches.js';

/** What an endpoint is made of. */
export interface KvEndpointOptions {
  readonly node: EndpointNode;
  /** The same that gave the node its state machines. */
  readonly groups: KvGroups;
  readonly runtime: Runtime;
  /** Bounds; what is not given has its default. */
  readonly limits?: Partial<EndpointLimits>;
  /** How much history groups keep that this node leads; what is not given has its default. */
  readonly history?: Partial<HistoryPolicy>;
  /** Fields that the host adds to the answer of `nodeStatus`, such as its process id; they must survive JSON. */
  readonly hostStatus?: () => Readonly<Record<string, unknown>>;
}

/** Numbers of an endpoint, for metrics. */
export interface EndpointStats {
  readonly connections: number;
  /** Proposals without an outcome. */
  readonly proposals: number;
  /** Reads that wait for their read index. */
  readonly reads: number;
  /** Long range scans under way. */
  readonly scans: number;
  readonly watches: number;
}

/**
 * Serves the key-value protocol to clients of a node: takes the connections that the node hands over, proposes what they
 * write, reads and watches for them, and tells them where to go where this node is not the right one.
 */
export class KvEndpoint implements AsyncDisposable {
  readonly #options: KvEndpointOptions;
  readonly #services: ClientServices;
  readonly #connections = new Set<ClientConnection>();
  readonly #leadership: Leadership;
  readonly #proposals: Proposals;
  readonly #reads: Reads;
  readonly #watches: Watches;
  readonly #keeper: HistoryKeeper;
  readonly #unobserve: () => void;
  #stopped = false;

  /** Begins to serve at once. */
  constructor(options: KvEndpointOptions) {
    const { node, groups, runtime } = options;
    const limits: EndpointLimits = { ...DEFAULT_ENDPOINT_LIMITS, ...options.limits };
    this.#options = options;
    this.#leadership = new Leadership(node);
    this.#proposals = new Proposals(node);
    this.#reads = new Reads({ node, groups, leadership: this.#leadership, runtime, limits });
    this.#watches = new Watches({ node, groups, runtime, limits });
    this.#keeper = new HistoryKeeper(node, groups, this.#leadership, runtime, {
      ...DEFAULT_HISTORY_POLICY,
      ...options.history,
    });
    const lane = { node, groups, watches: this.#watches, hostStatus: options.hostStatus ?? (() => ({})) };
    this.#services = {
      proposals: this.#proposals,
      reads: this.#reads,
      watches: this.#watches,
      runtime,
      limits,
      lane: (body, signal) => serveLane(lane, body, signal),
      closed: (connection) => this.#connections.delete(connection),
    };
    this.#unobserve = this.#observe();
    node.serveClients((connection) => this.#accept(connection));
  }

  #observe(): () => void {
    const { node, groups } = this.#options;
    return node.observe({
      leaderChanged: (change) => {
        this.#leadership.changed(change);
        this.#watches.leaderChanged(change);
      },
      groupAdded: (group) => this.#leadership.opened(group),
      groupRemoved: (group) => {
        this.#leadership.removed(group);
        this.#reads.forget(group);
        this.#watches.endGroup(group, groupNotFound(group));
        groups.drop(group);
      },
      groupStopped: (group, error) => {
        const reason = error.message;
        this.#watches.endGroup(
          group,
          new FlotillaError('GroupStopped', {
            message: `group ${group} stopped on this node: ${reason}`,
            details: { group, reason },
            cause: error,
          }),
        );
      },
    });
  }

  #accept(connection: Connection): void {
    if (this.#stopped) connection.destroy(shutdown());
    else this.#connections.add(new ClientConnection(connection, this.#services));
  }

  /** Numbers of now. */
  get stats(): EndpointStats {
    let watches = 0;
    for (const connection of this.#connections) watches += connection.watchCount;
    return {
      connections: this.#connections.size,
      proposals: this.#proposals.pending,
      reads: this.#reads.pending,
      scans: this.#reads.scans,
      watches,
    };
  }

  /** Ends watches with Shutdown and closes the connections in good order; new ones are refused. Idempotent. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#unobserve();
    this.#keeper.stop();
    this.#watches.endAll(shutdown());
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function shutdown(): FlotillaError<'Shutdown'> {
  return new FlotillaError('Shutdown', { message: 'this node is stopping; go to another one', details: {} });
}
