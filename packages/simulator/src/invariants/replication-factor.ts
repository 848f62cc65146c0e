import { METADATA_GROUP } from '@flotilla/routing';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { type Invariant, violated } from './invariant.js';
import { words } from './one-configuration-history.js';

/** Voters that group 0 settles at, at most. */
const METADATA_VOTERS_MAX = 5;

/** No data group settles above the replication factor, and group 0 not above five voters. */
export class ReplicationFactor implements Invariant {
  readonly name = 'replication-factor';

  settled(cluster: ObservedCluster, core: readonly string[]): void {
    const factors = core.map((name) => cluster.machines.get(name)?.figures?.status.replicationFactor ?? 0);
    const factor = Math.max(0, ...factors);
    if (factor === 0) return;
    for (const { id, configuration } of cluster.groups.values()) {
      if (configuration === undefined) continue;
      const most = id === METADATA_GROUP ? METADATA_VOTERS_MAX : factor;
      if (configuration.voters.length > most) {
        violated(this.name, `group ${id} has settled at ${words(configuration)}, and ${most} voters are the most`);
      }
    }
  }
}
