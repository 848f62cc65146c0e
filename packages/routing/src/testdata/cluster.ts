import { type ClusterTopology, EMPTY_TOPOLOGY, type NodeInfo, type RoutingTable, withNode } from '../index.js';

/** A node of a test's cluster: active, with an incarnation made from its id. */
export function nodeOf(id: number, fields: Partial<NodeInfo> = {}): NodeInfo {
  return {
    id,
    name: undefined,
    addresses: [`ws://127.0.0.1:${7000 + id}`],
    state: 'active',
    incarnation: id.toString(16).padStart(16, '0'),
    voter: true,
    versions: { min: 1, max: 1 },
    spkiPins: [],
    ...fields,
  };
}

/** A topology of nodes, given by id or whole. */
export function topologyOf(...nodes: readonly (number | NodeInfo)[]): ClusterTopology {
  return nodes.reduce<ClusterTopology>(
    (topology, node) => withNode(topology, typeof node === 'number' ? nodeOf(node) : node),
    EMPTY_TOPOLOGY,
  );
}

/** A routing table of groups by their voters and learners; all vShards are left to none. */
export function tableOf(groups: Readonly<Record<number, readonly [voters: number[], learners?: number[]]>>): RoutingTable {
  return {
    version: 1,
    vshards: Array.from({ length: 1024 }, () => 0),
    groups: new Map(
      Object.entries(groups).map(([key, [voters, learners = []]]) => {
        const group = Number(key);
        return [group, { group, incarnation: 0, confIndex: 1, voters, learners }];
      }),
    ),
  };
}
