import type { ConfState } from '@flotilla/raft-core';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { words } from './one-configuration-history.js';
import { type Invariant, violated } from './invariant.js';

/**
 * Once a cluster has come to rest, no node runs a replica of a group that it was removed from, and every member that is there runs its own
 * (Dragonboat's check for zombies).
 */
export class NoZombie implements Invariant {
  readonly name = 'no-zombie';

  settled(cluster: ObservedCluster, core: readonly string[]): void {
    for (const { id, configuration, replicas } of cluster.groups.values()) {
      if (configuration === undefined) continue;
      const members = membersOf(configuration);
      for (const name of core) {
        const machine = cluster.machines.get(name);
        const replica = replicas.get(name);
        if (machine === undefined || !machine.isUp) continue;
        const runs = replica?.isStarted === true;
        const isMember = members.has(machine.nodeId);
        if (runs === isMember) continue;
        const what = runs ? 'runs a replica' : 'runs no replica';
        violated(
          this.name,
          `node ${machine.nodeId} on ${name} ${what} of group ${id}, which has ${words(configuration)}`,
        );
      }
    }
  }
}

function membersOf({ voters, learners, votersOutgoing }: ConfState): ReadonlySet<number> {
  return new Set([...voters, ...learners, ...votersOutgoing]);
}
