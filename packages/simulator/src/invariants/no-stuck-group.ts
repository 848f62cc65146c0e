import { isJoint } from '@flotilla/raft-core';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedGroup } from '../observation/observed-group.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';
import { newestLeader } from './leader-completeness.js';
import { words } from './one-configuration-history.js';

/**
 * Once a cluster has come to rest, every group has one leader, which has committed all of its log; all replicas follow it in its term and show
 * all of it; and no joint configuration is left half-way (thesis, section 4.3; etcd #12136).
 */
export class NoStuckGroup implements Invariant {
  readonly name = 'no-stuck-group';

  settled(cluster: ObservedCluster, core: readonly string[]): void {
    for (const group of cluster.groups.values()) {
      const replicas = core.flatMap((name) => group.replicas.get(name) ?? []).filter(({ isStarted }) => isStarted);
      this.#checkGroup(group, replicas);
    }
  }

  #checkGroup(group: ObservedGroup, replicas: readonly ObservedReplica[]): void {
    const { id, configuration } = group;
    if (configuration !== undefined && isJoint(configuration)) {
      violated(this.name, `group ${id} stays in a joint configuration: ${words(configuration)}`);
    }
    const leader = newestLeader(group);
    if (leader === undefined || !replicas.includes(leader)) violated(this.name, `group ${id} has no leader`);
    const { commit, term, log } = leader;
    if (commit !== log.lastIndex) {
      violated(this.name, `${leader.toString()} has committed ${commit} of a log that ends at ${log.lastIndex}`);
    }
    for (const replica of replicas) {
      if (replica.stopped !== undefined)
        violated(this.name, `${replica.toString()} has stopped: ${replica.stopped.message}`);
      if (replica.term !== term)
        violated(this.name, `${replica.toString()} does not follow the leader of term ${term}`);
      if (replica.watermark !== commit) {
        violated(this.name, `${replica.toString()} shows all up to ${replica.watermark}, and ${commit} is committed`);
      }
    }
  }
}
