import { FlotillaError } from '@flotilla/errors';
import { METADATA_GROUP, type NodeInfo } from '@flotilla/routing';
import { type Runtime, withDeadline } from '@flotilla/runtime';
import { WIRE_VERSIONS } from '@flotilla/wire';
import type { CheckedClusterConfig } from '../cluster-config.js';
import type { Lifecycle } from '../lifecycle/lifecycle.js';
import type { PeerLinks } from '../liveness/peer-links.js';
import type { PeerRequests } from '../liveness/peer-requests.js';
import type { HeldGroup } from '../membership/group-host.js';
import { groupsToEnter } from '../membership/placement-step.js';
import type { MetadataState } from '../metadata/metadata-state.js';
import { foundCluster, foundingGroups } from './founding.js';
import { join } from './join-client.js';
import type { JoinEvent } from './join-event.js';
import { FORWARD_JOIN, JOIN, type JoinAnswer } from './join-request.js';
import { findsCluster } from './membership-probe.js';

/** What a node that belongs to no cluster brings along. */
export interface ClusterEntryOptions {
  readonly runtime: Runtime;
  readonly config: CheckedClusterConfig;
  readonly incarnation: string;
  /** What this node advertises. */
  readonly addresses: readonly string[];
  /** Pins of its certificate, in hexadecimal. */
  readonly spkiPins: readonly string[];
  /** Engines of logs: groups are spread over them. */
  readonly workers: number;
  readonly lifecycle: Lifecycle;
  readonly links: PeerLinks;
  readonly requests: PeerRequests;
  readonly onEvent: (event: JoinEvent) => void;
  /** The node stops. */
  readonly signal: AbortSignal;
}

/** What a node has once it belongs to a cluster. */
export interface Membership {
  readonly nodeId: number;
  readonly metadata: MetadataState;
  /** Replicas that it is to open. */
  readonly groups: readonly HeldGroup[];
}

/** A joiner waits so long for an answer: longer than a server waits for groups to let it in (ms). */
const JOIN_ANSWER_TIMEOUT_MS = 8_000;
/** A founder asks its neighbours for no longer than this whether they belong to a cluster (ms). */
const PROBE_TIMEOUT_MS = 1_000;
/** The id of a founder that was given none. */
const FOUNDER_ID = 1;

/** The way of a node into a cluster: it founds one, or joins one that is there. */
export class ClusterEntry {
  readonly #options: ClusterEntryOptions;

  constructor(options: ClusterEntryOptions) {
    this.#options = options;
  }

  /**
   * Founds a cluster; joins where one of the seeds belongs to one already, unless the configuration forces the founding.
   *
   * @throws JoinRejected where a seed refuses to say; what `join` throws
   */
  async found(): Promise<Membership> {
    const { runtime, config, addresses, spkiPins, workers, lifecycle } = this.#options;
    const others = config.seeds.filter((seed) => !addresses.includes(seed));
    if (!config.forceBootstrap && (await this.#isClusterAround(others))) return this.join(others);
    lifecycle.to({ phase: 'bootstrapping' });
    const { numGroups, replicationFactor } = config;
    const id = config.nodeId ?? FOUNDER_ID;
    const node: NodeInfo = { ...this.#describe(id), state: 'active', spkiPins };
    const metadata = foundCluster({ runtime, node, dataGroups: numGroups, replicationFactor });
    return { nodeId: id, metadata, groups: foundingGroups(metadata, id, (group) => group % workers) };
  }

  async #isClusterAround(seeds: readonly string[]): Promise<boolean> {
    const { runtime, links, signal } = this.#options;
    const expired = (): Error =>
      new FlotillaError('Timeout', {
        message: 'no answer to a probe',
        details: { operation: 'probe', ms: PROBE_TIMEOUT_MS },
      });
    const isFound = await findsCluster(seeds, (address) =>
      withDeadline(runtime, { ms: PROBE_TIMEOUT_MS, signal, expired }, async (probeSignal) => {
        const link = await links.dialForJoin(address, probeSignal);
        link.close();
        return link.hello;
      }),
    );
    // Of probes that were given up nothing is to be concluded.
    signal.throwIfAborted();
    return isFound;
  }

  /** Joins the cluster that the seeds belong to. @throws what `join` throws */
  async join(seeds: readonly string[]): Promise<Membership> {
    const { runtime, config, workers, lifecycle, links, onEvent, signal } = this.#options;
    const { node, metadata } = await join({
      runtime,
      schedule: config.joinRetry,
      seeds,
      canDial: (address) => links.canDial(address),
      ask: (address, askSignal) => this.#ask(JOIN, address, askSignal),
      askToForward: (address, askSignal) => this.#ask(FORWARD_JOIN, address, askSignal),
      attempt: (attempt) => lifecycle.to({ phase: 'joining', attempt }),
      onEvent,
      signal,
    });
    const groups = groupsToEnter(metadata, node).map((group) => ({
      group,
      worker: group % workers,
      incarnation: metadata.routing.groups.get(group)?.incarnation ?? 0,
      founders: undefined,
      established: false,
    }));
    onEvent({ name: 'join.joined', nodes: memberCount(metadata), groups: groups.length });
    return { nodeId: node, metadata, groups };
  }

  async #ask(kind: typeof JOIN, address: string, signal: AbortSignal): Promise<JoinAnswer> {
    const { config, links, requests } = this.#options;
    const link = await links.dialForJoin(address, signal);
    try {
      const question = {
        node: { ...this.#describe(config.nodeId ?? 0), spkiPins: [] },
        learnerOf: config.learnerGroups,
      };
      const answer = await requests.ask(link, address, kind, question, { timeoutMs: JOIN_ANSWER_TIMEOUT_MS, signal });
      this.#checkAnswer(answer, address);
      return answer;
    } finally {
      link.close();
    }
  }

  /** An answer that does not hold together is refused as a whole. */
  #checkAnswer({ node, metadata }: JoinAnswer, from: string): void {
    const self = metadata.topology.nodes.get(node);
    if (
      metadata.clusterId !== undefined &&
      self?.incarnation === this.#options.incarnation &&
      metadata.routing.groups.has(METADATA_GROUP)
    )
      return;
    throw new FlotillaError('UnexpectedResponse', {
      message: `${from} let this node in as node ${node}, and its topology does not say so`,
      details: { from },
    });
  }

  #describe(id: number): Omit<NodeInfo, 'state' | 'spkiPins'> {
    const { config, addresses, incarnation } = this.#options;
    return { id, name: config.nodeName, addresses, incarnation, voter: config.voter, versions: WIRE_VERSIONS };
  }
}

/** Nodes of the cluster that were not taken out. */
export function memberCount({ topology }: MetadataState): number {
  return [...topology.nodes.values()].filter(({ state }) => state !== 'decommissioned').length;
}
