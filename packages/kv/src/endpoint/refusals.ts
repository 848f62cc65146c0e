import { FlotillaError } from '@flotilla/errors';
import { groupOfVshard, type RoutingTable } from '@flotilla/routing';
import { invalidArgument } from '../protocol/command-check.js';
import { groupOfKeyspace } from '../protocol/keyspace.js';

/** A bound of the endpoint is reached. */
export function overloaded(resource: string, limit: number): FlotillaError<'Overloaded'> {
  return new FlotillaError('Overloaded', {
    message: `${resource}: the bound of ${limit} is reached; nothing was done, try again a little later`,
    details: { resource, limit },
  });
}

/** This node holds no replica of the group. */
export function groupNotFound(group: number): FlotillaError<'GroupNotFound'> {
  return new FlotillaError('GroupNotFound', {
    message: `this node holds no replica of group ${group}; ask for the cluster's map and go to one that does`,
    details: { group },
  });
}

/** This node does not lead the group. */
export function notLeader(
  group: number,
  leader?: { readonly node: number; readonly address: string | undefined },
): FlotillaError<'NotLeader'> {
  const where = leader === undefined ? 'its leader is unknown' : `node ${leader.node} leads it`;
  return new FlotillaError('NotLeader', {
    message: `this node does not lead group ${group}; ${where}; nothing was done`,
    details: {
      group,
      ...(leader === undefined ? {} : { leader: leader.node }),
      ...(leader?.address === undefined ? {} : { address: leader.address }),
    },
  });
}

/**
 * Refuses a command that was sent to another group than its keys live in.
 *
 * @throws {FlotillaError} WrongOwner with the owner as hint, VShardNotMapped, or InvalidArgument for a pinned keyspace.
 */
export function checkOwner(routing: RoutingTable, group: number, keyspace: number, vshard: number | undefined): void {
  const pinned = groupOfKeyspace(keyspace);
  if (pinned !== undefined) {
    if (pinned === group) return;
    throw invalidArgument('group', `keyspace ${keyspace} lives in group ${pinned}, not in ${group}`);
  }
  if (vshard === undefined) return;
  const owner = groupOfVshard(routing, vshard);
  if (owner === group) return;
  if (owner === undefined) {
    throw new FlotillaError('VShardNotMapped', {
      message: `vShard ${vshard} is mapped to no group; nothing was done`,
      details: { vshard },
    });
  }
  throw new FlotillaError('WrongOwner', {
    message: `vShard ${vshard} belongs to group ${owner}, not to ${group}; nothing was done`,
    details: { vshard, hint: owner },
  });
}
