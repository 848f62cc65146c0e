import { METADATA_GROUP, METADATA_VOTERS_MAX } from '@flotilla/routing';
import type { SimulatedCluster } from '../world/simulated-cluster.js';

/**
 * Why replicas are not where they should be, in words; undefined when they are: every node is an active member, and
 * every group has as many voters as its replication factor (of group 0: five) and the number of nodes allow.
 */
export function misplacement(cluster: SimulatedCluster, replicationFactor: number): string | undefined {
  const ids: number[] = [];
  for (const { name, running } of cluster.nodes.values()) {
    const state = running?.topology().nodes.get(running.nodeId)?.state;
    if (running === undefined || state !== 'active') return `${name} is ${state ?? 'no member'}`;
    ids.push(running.nodeId);
  }
  for (const group of cluster.groups) {
    const leader = cluster.leader(group)?.running;
    if (leader === undefined) return `group ${group} has no leader`;
    const { members, learners } = leader.groupStatus(group);
    const wanted = Math.min(group === METADATA_GROUP ? METADATA_VOTERS_MAX : replicationFactor, ids.length);
    const strange = members.find((id) => !ids.includes(id));
    if (strange !== undefined) return `group ${group} has the voter ${strange}, which is no node`;
    if (members.length !== wanted) return `group ${group} has ${members.length} voters of ${wanted}`;
    if (learners.length > 0) return `group ${group} has the learners ${learners.join(' ')}`;
  }
  return undefined;
}
