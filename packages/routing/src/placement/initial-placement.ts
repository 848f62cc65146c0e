import { FlotillaError } from '@flotilla/errors';
import {
  createRoutingTable,
  type GroupPlacement,
  METADATA_GROUP,
  type RoutingTable,
} from '../routing-table/routing-table.js';
import { uniformVshardMap } from '../vshard/vshard.js';

/** What a fresh cluster starts with. */
export interface InitialPlacementOptions {
  /** Nodes that may vote, at least one, in any order. */
  readonly nodes: readonly number[];
  /** Beside group 0. */
  readonly dataGroups: number;
  /** At least 1; with fewer nodes, each group lives on all of them. */
  readonly replicationFactor: number;
}

/** Groups of a fresh cluster, and who should lead each. */
export interface InitialPlacement {
  /** Group 0 and the data groups, ascending, in incarnation 0. */
  readonly groups: readonly GroupPlacement[];
  /** The first node that was chosen for each group: a hint for the first election. */
  readonly leaders: ReadonlyMap<number, number>;
}

/**
 * Places the groups of a fresh cluster: of the nodes in ascending order, the k-th data group (from 0) takes as many
 * consecutive ones as the replication factor says, from (k · factor) mod N on, and group 0 the first ones.
 *
 * @throws {FlotillaError} InvalidArgument for no nodes, a node twice, no data group, or a replication factor below 1.
 */
export function initialPlacement(options: InitialPlacementOptions): InitialPlacement {
  const nodes = options.nodes.toSorted((a, b) => a - b);
  const { dataGroups, replicationFactor } = options;
  if (nodes.length === 0) throw invalid('nodes', 'there are none');
  if (new Set(nodes).size !== nodes.length) throw invalid('nodes', 'one stands there twice');
  if (!Number.isSafeInteger(dataGroups) || dataGroups < 1)
    throw invalid('dataGroups', `${dataGroups} is no number from 1 on`);
  if (!Number.isSafeInteger(replicationFactor) || replicationFactor < 1) {
    throw invalid('replicationFactor', `${replicationFactor} is no number from 1 on`);
  }
  const replicas = Math.min(replicationFactor, nodes.length);
  const groups: GroupPlacement[] = [];
  const leaders = new Map<number, number>();
  for (let group = METADATA_GROUP; group <= dataGroups; group++) {
    const first = group === METADATA_GROUP ? 0 : ((group - 1) * replicationFactor) % nodes.length;
    const chosen = Array.from({ length: replicas }, (_, at) => nodes[(first + at) % nodes.length] ?? 0);
    groups.push({ group, incarnation: 0, confIndex: 0, voters: chosen.toSorted((a, b) => a - b), learners: [] });
    leaders.set(group, chosen[0] ?? 0);
  }
  return { groups, leaders };
}

/** The routing table of a fresh cluster, version 1: `initialPlacement` with the uniform map. @throws {FlotillaError} InvalidArgument */
export function initialRoutingTable(options: InitialPlacementOptions): RoutingTable {
  return createRoutingTable(initialPlacement(options).groups, uniformVshardMap(options.dataGroups));
}

function invalid(argument: string, reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', {
    message: `no cluster can be placed so: ${argument}: ${reason}`,
    details: { argument, reason },
  });
}
