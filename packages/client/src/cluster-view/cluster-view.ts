import { FlotillaError } from '@flotilla/errors';
import { type ClusterMap, decodeClusterMap, decodeReply, encodeMapRequest } from '@flotilla/kv/protocol';
import { type ClusterTopology, groupOfVshard, type NodeInfo, type RoutingTable } from '@flotilla/routing';
import { type Runtime, withDeadline } from '@flotilla/runtime';
import type { NodeLink } from '../connection/node-link.js';
import type { NodeLinks } from '../connection/node-links.js';

/** Maps are asked for no more often, in ms. */
const REFRESH_INTERVAL_MS = 20;
/** Nodes that are asked for their map at once. */
const ASKED_AT_ONCE = 3;

/** Where requests for a group may be sent. */
export interface GroupLeaderHint {
  readonly node: number;
  /** Where it can be dialled, as the node that named it said; undefined: as the topology says. */
  readonly address: string | undefined;
}

/** What a view is made of. */
export interface ClusterViewOptions {
  readonly links: NodeLinks;
  /** Canonical addresses that the user gave. */
  readonly endpoints: readonly string[];
  readonly runtime: Runtime;
  /** For one node's answer, in ms. */
  readonly attemptTimeoutMs: number;
  /** A map was taken in. */
  learned(): void;
}

/**
 * What the client knows of the cluster: routing table and topology of the highest versions seen, and leaders as last heard of.
 * All of it may be behind; whoever is asked wrongly says so.
 */
export class ClusterView {
  readonly #options: ClusterViewOptions;
  readonly #leaders = new Map<number, GroupLeaderHint>();
  /** Turns through the replicas of a group whose leader is unknown. */
  readonly #rotation = new Map<number, number>();
  #map: ClusterMap | undefined;
  #refreshing = false;
  #refreshNotBefore = -Infinity;
  #refreshes = 0;

  constructor(options: ClusterViewOptions) {
    this.#options = options;
  }

  /** 32 hexadecimal digits; undefined until a map came. */
  get clusterId(): string | undefined {
    return this.#map?.clusterId;
  }

  get routing(): RoutingTable | undefined {
    return this.#map?.routing;
  }

  get topology(): ClusterTopology | undefined {
    return this.#map?.topology;
  }

  /** The group of a vShard; undefined: mapped to none, as far as is known. */
  groupOf(vshard: number): number | undefined {
    return this.#map === undefined ? undefined : groupOfVshard(this.#map.routing, vshard);
  }

  /** All groups that own a vShard, ascending. */
  dataGroups(): number[] {
    const owners = new Set(this.#map?.routing.vshards);
    owners.delete(0);
    return [...owners].sort((a, b) => a - b);
  }

  /** A node of the topology. */
  node(id: number): NodeInfo | undefined {
    return this.#map?.topology.nodes.get(id);
  }

  /** Who leads a group, when last heard of. */
  leaderOf(group: number): GroupLeaderHint | undefined {
    return this.#leaders.get(group);
  }

  /** A node said who leads. */
  setLeader(group: number, hint: GroupLeaderHint): void {
    this.#leaders.set(group, hint);
  }

  /** A node turned out not to lead, or not to answer. Another one that was named since stays. */
  forgetLeader(group: number, node: number): void {
    if (this.#leaders.get(group)?.node === node) this.#leaders.delete(group);
  }

  /** The link to a group's leader; undefined: unknown, or it cannot be reached now. */
  leaderLink(group: number): NodeLink | undefined {
    const hint = this.#leaders.get(group);
    if (hint === undefined) return undefined;
    const link = this.#linkTo(hint);
    if (link === undefined) this.#leaders.delete(group);
    return link;
  }

  #linkTo(hint: GroupLeaderHint): NodeLink | undefined {
    const { links } = this.#options;
    const link = links.ofNode(hint.node, this.node(hint.node));
    if (link !== undefined || hint.address === undefined || !links.reaches(hint.address)) return link;
    const named = links.at(hint.address);
    return named.usable ? named : undefined;
  }

  /** The link to the next replica of a group that can be reached, learners only where `learners`; undefined: none can. */
  replicaLink(group: number, learners: boolean): NodeLink | undefined {
    const placement = this.#map?.routing.groups.get(group);
    if (placement === undefined) return undefined;
    const nodes = learners ? [...placement.voters, ...placement.learners] : placement.voters;
    const start = this.#rotation.get(group) ?? Math.floor(this.#options.runtime.random() * nodes.length);
    for (let step = 0; step < nodes.length; step++) {
      const at = (start + step) % nodes.length;
      const node = nodes[at] as number;
      const link = this.#options.links.ofNode(node, this.node(node));
      if (link === undefined) continue;
      this.#rotation.set(group, (at + 1) % nodes.length);
      return link;
    }
    return undefined;
  }

  /** Takes in a node's map. A table or topology of a lower version than the known one is not taken. */
  learn(map: ClusterMap): void {
    const known = this.#map;
    const { links } = this.#options;
    links.clusterId ??= map.clusterId;
    this.#map = {
      nodeId: map.nodeId,
      clusterId: known?.clusterId ?? map.clusterId,
      routing: known !== undefined && known.routing.version > map.routing.version ? known.routing : map.routing,
      topology: known !== undefined && known.topology.version > map.topology.version ? known.topology : map.topology,
      leaders: map.leaders,
    };
    for (const { group, node } of map.leaders) {
      if (!this.#leaders.has(group)) this.#leaders.set(group, { node, address: undefined });
    }
    links.retain(new Set([...this.#options.endpoints, ...this.addresses()]));
    this.#options.learned();
  }

  /** Addresses of all nodes of the topology that belong to the cluster. */
  addresses(): string[] {
    const nodes = [...(this.topology?.nodes.values() ?? [])];
    return nodes.filter((node) => node.state !== 'decommissioned').flatMap((node) => node.addresses);
  }

  /** Asks any node for its map; one round at a time, errors of which are not told: whoever needs it asks again. */
  refresh(): void {
    const now = this.#options.runtime.now();
    if (this.#refreshing || now < this.#refreshNotBefore) return;
    this.#refreshing = true;
    this.#refreshNotBefore = now + REFRESH_INTERVAL_MS;
    const refreshed = (): void => {
      this.#refreshing = false;
    };
    void this.#refreshOnce().then(refreshed, refreshed);
  }

  /** A few nodes are asked at once, so that one that is mute does not hold up the answer of another. */
  async #refreshOnce(): Promise<void> {
    const candidates = this.#candidates();
    for (let at = 0; at < candidates.length; at += ASKED_AT_ONCE) {
      const asked = candidates.slice(at, at + ASKED_AT_ONCE).map(async (link) => this.learn(await this.fetch(link)));
      const answered = await Promise.any(asked).then(
        () => true,
        () => false,
      );
      if (answered) return;
    }
  }

  /** Whom to ask: open links first, another one each time, then whatever can be dialled. */
  #candidates(): NodeLink[] {
    const { links, endpoints } = this.#options;
    const open = links.open();
    const turn = open.length === 0 ? 0 : this.#refreshes++ % open.length;
    const ordered = new Set([...open.slice(turn), ...open.slice(0, turn)]);
    for (const address of [...this.addresses(), ...endpoints]) {
      if (!links.reaches(address)) continue;
      const link = links.at(address);
      if (link.usable) ordered.add(link);
    }
    return [...ordered];
  }

  /** One node's map. Rejects with why there is none: also NotReady for a node that belongs to no cluster yet. */
  async fetch(link: NodeLink, signal?: AbortSignal): Promise<ClusterMap> {
    const { runtime, attemptTimeoutMs } = this.#options;
    const expired = (): FlotillaError =>
      new FlotillaError('Timeout', {
        message: `${link.address} did not answer within ${attemptTimeoutMs} ms`,
        details: { operation: 'map', ms: attemptTimeoutMs },
        outcome: 'definite',
      });
    const reply = await withDeadline(runtime, { ms: attemptTimeoutMs, signal, expired }, (inner) =>
      link.request(encodeMapRequest(), inner),
    );
    const map = decodeClusterMap(decodeReply(reply));
    if (map.clusterId !== undefined && map.routing.version > 0) return map;
    throw new FlotillaError('NotReady', {
      message: `${link.address} belongs to no cluster yet`,
      details: { reason: 'no cluster yet' },
    });
  }
}
