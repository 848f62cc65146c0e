import { FlotillaError } from '@flotilla/errors';
import { VSHARD_COUNT } from '../vshard/vshard.js';

/** The group that keeps topology and routing; it owns no vShard. */
export const METADATA_GROUP = 0;

/** A group as the metadata group last heard of it. Quorums never follow this: they follow the group's own configuration. */
export interface GroupPlacement {
  readonly group: number;
  /** Index in group 0 of the entry that created it; 0 at bootstrap. */
  readonly incarnation: number;
  /** Index in the group's own log of the configuration that stands here; 0: as created. */
  readonly confIndex: number;
  /** Ascending node ids. */
  readonly voters: readonly number[];
  /** Ascending node ids; none is a voter. */
  readonly learners: readonly number[];
}

/**
 * Which group owns which vShard, and on which nodes each group lives. Immutable: every change makes a table with the next
 * version. It is owned by group 0; leader hints are soft and stand elsewhere (`LeaderHints`).
 */
export interface RoutingTable {
  /** Grows by one with each change; 0: the empty table. */
  readonly version: number;
  /** The group of each of the 1,024 vShards; 0: mapped to none. */
  readonly vshards: readonly number[];
  /** All groups, group 0 included, in ascending order. */
  readonly groups: ReadonlyMap<number, GroupPlacement>;
}

/** What the leader of a group reports when it has applied a configuration. */
export interface GroupMembership {
  readonly group: number;
  readonly incarnation: number;
  readonly confIndex: number;
  readonly voters: readonly number[];
  readonly learners: readonly number[];
}

/** The table before anything is known: no group, no vShard mapped, version 0. */
export const EMPTY_ROUTING_TABLE: RoutingTable = {
  version: 0,
  vshards: Array.from({ length: VSHARD_COUNT }, () => METADATA_GROUP),
  groups: new Map(),
};

/**
 * A table of version 1 from its parts.
 *
 * @throws {FlotillaError} InvalidArgument where `routingTableFault` finds one.
 */
export function createRoutingTable(groups: readonly GroupPlacement[], vshards: readonly number[]): RoutingTable {
  return checked({ version: 1, vshards: [...vshards], groups: groupMap(groups) });
}

/** The group that owns a vShard; undefined where none does, or there is no such vShard. */
export function groupOfVshard(table: RoutingTable, vshard: number): number | undefined {
  const group = table.vshards[vshard];
  return group === undefined || group === METADATA_GROUP ? undefined : group;
}

const counts = new WeakMap<RoutingTable, ReadonlyMap<number, number>>();

/** How many vShards each group owns; groups without any are left out. Counted once for each table, which must not change afterwards. */
export function vshardCounts(table: RoutingTable): ReadonlyMap<number, number> {
  const known = counts.get(table);
  if (known !== undefined) return known;
  const counted = new Map<number, number>();
  for (const owner of table.vshards) {
    if (owner !== METADATA_GROUP) counted.set(owner, (counted.get(owner) ?? 0) + 1);
  }
  counts.set(table, counted);
  return counted;
}

/** The vShards of a group, ascending. */
export function vshardsOfGroup(table: RoutingTable, group: number): number[] {
  const owned: number[] = [];
  if (group === METADATA_GROUP) return owned;
  for (const [vshard, owner] of table.vshards.entries()) if (owner === group) owned.push(vshard);
  return owned;
}

/** The groups of a node, ascending, with its part in each. */
export function groupsOfNode(
  table: RoutingTable,
  node: number,
): { readonly group: number; readonly role: 'voter' | 'learner' }[] {
  const held: { group: number; role: 'voter' | 'learner' }[] = [];
  for (const placement of table.groups.values()) {
    if (placement.voters.includes(node)) held.push({ group: placement.group, role: 'voter' });
    else if (placement.learners.includes(node)) held.push({ group: placement.group, role: 'learner' });
  }
  return held;
}

/**
 * Takes in a group's report. One of a lower or the same `confIndex`, of an earlier incarnation, or of a group that is gone,
 * changes nothing: the same table comes back.
 *
 * @throws {FlotillaError} InvalidArgument for a report with unordered or shared ids, or of an incarnation yet to come.
 */
export function withGroupMembership(table: RoutingTable, membership: GroupMembership): RoutingTable {
  const known = table.groups.get(membership.group);
  if (known === undefined || membership.incarnation < known.incarnation) return table;
  if (membership.incarnation > known.incarnation) {
    throw invalid(
      'incarnation',
      `group ${membership.group} has incarnation ${known.incarnation}, not ${membership.incarnation}`,
    );
  }
  if (membership.confIndex <= known.confIndex) return table;
  const { group, incarnation, confIndex, voters, learners } = membership;
  return withGroup(table, { group, incarnation, confIndex, voters, learners });
}

/** Adds a group, or replaces one by a later incarnation. @throws {FlotillaError} InvalidArgument where the incarnation is not later */
export function withGroupCreated(table: RoutingTable, placement: GroupPlacement): RoutingTable {
  const known = table.groups.get(placement.group);
  if (known !== undefined && known.incarnation >= placement.incarnation) {
    throw invalid('group', `group ${placement.group} exists in incarnation ${known.incarnation}`);
  }
  return withGroup(table, placement);
}

/** Drops a group that owns no vShard. @throws {FlotillaError} InvalidArgument for group 0, an unknown group, or an owner of vShards */
export function withGroupRemoved(table: RoutingTable, group: number): RoutingTable {
  if (group === METADATA_GROUP) throw invalid('group', 'group 0 cannot be removed');
  if (!table.groups.has(group)) throw invalid('group', `there is no group ${group}`);
  const owned = vshardCounts(table).get(group) ?? 0;
  if (owned > 0) throw invalid('group', `group ${group} owns ${owned} vShards`);
  const groups = new Map(table.groups);
  groups.delete(group);
  return { version: table.version + 1, vshards: table.vshards, groups };
}

/** Gives a vShard to another group; the same group changes nothing. @throws {FlotillaError} InvalidArgument for an unknown vShard or group, or group 0 */
export function withVshardMoved(table: RoutingTable, vshard: number, group: number): RoutingTable {
  const owner = table.vshards[vshard];
  if (owner === undefined) throw invalid('vshard', `there is no vShard ${vshard}; they are 0 to ${VSHARD_COUNT - 1}`);
  if (group === METADATA_GROUP || !table.groups.has(group)) throw invalid('group', `group ${group} can own no vShard`);
  if (owner === group) return table;
  return { version: table.version + 1, vshards: table.vshards.with(vshard, group), groups: table.groups };
}

/** What is wrong with a table; undefined: nothing. */
export function routingTableFault(table: RoutingTable): string | undefined {
  if (!Number.isSafeInteger(table.version) || table.version < 0) return `version ${table.version}`;
  if (table.vshards.length !== VSHARD_COUNT) return `${table.vshards.length} vShards instead of ${VSHARD_COUNT}`;
  for (const [vshard, group] of table.vshards.entries()) {
    if (group !== METADATA_GROUP && !table.groups.has(group))
      return `vShard ${vshard} belongs to group ${group}, which is not there`;
  }
  for (const [group, placement] of table.groups) {
    if (group !== placement.group) return `group ${placement.group} stands under ${group}`;
    const fault = placementFault(placement);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function placementFault(placement: GroupPlacement): string | undefined {
  const { group, incarnation, confIndex, voters, learners } = placement;
  if (!isCount(group) || !isCount(incarnation) || !isCount(confIndex))
    return `group ${group} has numbers that are none`;
  if (!ascends(voters) || !ascends(learners)) return `group ${group} has node ids that do not ascend`;
  if (learners.some((learner) => voters.includes(learner))) return `group ${group} has a learner that is a voter`;
  return undefined;
}

function withGroup(table: RoutingTable, placement: GroupPlacement): RoutingTable {
  const fault = placementFault(placement);
  if (fault !== undefined) throw invalid('group', fault);
  const groups = [...table.groups.values()].filter((other) => other.group !== placement.group);
  return { version: table.version + 1, vshards: table.vshards, groups: groupMap([...groups, placement]) };
}

function groupMap(groups: readonly GroupPlacement[]): Map<number, GroupPlacement> {
  const map = new Map<number, GroupPlacement>();
  for (const placement of groups.toSorted((a, b) => a.group - b.group)) {
    if (map.has(placement.group)) throw invalid('groups', `group ${placement.group} stands there twice`);
    map.set(placement.group, placement);
  }
  return map;
}

function checked(table: RoutingTable): RoutingTable {
  const fault = routingTableFault(table);
  if (fault !== undefined) throw invalid('table', fault);
  return table;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function ascends(ids: readonly number[]): boolean {
  return ids.every((id, at) => Number.isSafeInteger(id) && id > (at === 0 ? 0 : (ids[at - 1] ?? 0)));
}

function invalid(argument: string, reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', {
    message: `the routing table cannot be changed so: ${reason}. It is as before`,
    details: { argument, reason },
  });
}
