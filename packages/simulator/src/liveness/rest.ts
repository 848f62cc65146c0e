import type { GroupStatus } from '@flotilla/cluster';
import type { SimulatedCluster } from '../world/simulated-cluster.js';
import type { SimulatedNode } from '../world/simulated-node.js';

/** A replica as its node sees it. */
interface Replica {
  readonly machine: string;
  readonly nodeId: number;
  readonly status: GroupStatus;
}

/**
 * Why these machines are not at rest, in words; undefined when they are: each is ready, every group has one leader that all follow, no joint
 * configuration and no learner on its way, all replicas have applied the same, and none runs that its group's configuration does not name.
 *
 * @param machines Those that are asked: all, or a part that can do without the others.
 */
export function unrest(cluster: SimulatedCluster, machines: readonly SimulatedNode[]): string | undefined {
  const replicas = new Map<number, Replica[]>(cluster.groups.map((group) => [group, []]));
  for (const { name, running, state } of machines) {
    if (running === undefined || running.lifecycle.phase !== 'ready')
      return `${name} is ${running?.lifecycle.phase ?? state}`;
    for (const status of running.groupStatuses()) {
      replicas.get(status.group)?.push({ machine: name, nodeId: running.nodeId, status });
    }
  }
  for (const [group, held] of replicas) {
    const why = unrestOf(held, new Set(machines.map(({ nodeId }) => nodeId ?? 0)));
    if (why !== undefined) return `group ${group}: ${why}`;
  }
  return undefined;
}

function unrestOf(replicas: readonly Replica[], present: ReadonlySet<number>): string | undefined {
  const leaders = replicas.filter(({ status }) => status.role === 'leader');
  const [leader, other] = leaders;
  if (leader === undefined) return 'no leader';
  if (other !== undefined) return `${leader.machine} and ${other.machine} both lead`;
  const { confState, commitIndex, term, lastIndex } = leader.status;
  if (confState.votersOutgoing.length > 0) return 'its configuration is joint';
  if (lastIndex !== commitIndex)
    return `its leader ${leader.machine} holds entries up to ${lastIndex}, committed ${commitIndex}`;
  const named = new Set([...confState.voters, ...confState.learners, ...confState.learnersNext]);
  for (const { machine, nodeId, status } of replicas) {
    if (status.stopped !== undefined) return `it stopped on ${machine}: ${status.stopped}`;
    if (!named.has(nodeId)) return `${machine} runs a replica as node ${nodeId}, which its configuration does not name`;
    if (status.leader !== leader.nodeId || status.term !== term)
      return `${machine} follows ${status.leader ?? 'nobody'} in term ${status.term}`;
    if (status.appliedIndex !== commitIndex) return `${machine} has applied ${status.appliedIndex} of ${commitIndex}`;
  }
  const held = new Set(replicas.map(({ nodeId }) => nodeId));
  const missing = [...named].find((id) => present.has(id) && !held.has(id));
  return missing === undefined ? undefined : `node ${missing} is named by its configuration and holds no replica`;
}

/**
 * What still waits for an outcome on these machines, in words; undefined when nothing does. At rest that is so in most moments: readers of
 * watches and keepers of history ask now and then.
 */
export function unanswered(machines: readonly SimulatedNode[]): string | undefined {
  for (const { name, running } of machines) {
    for (const { group, proposals, reads } of running?.groupLoads() ?? []) {
      if (proposals + reads > 0) return `${proposals} proposals and ${reads} reads wait in group ${group} on ${name}`;
    }
  }
  return undefined;
}
