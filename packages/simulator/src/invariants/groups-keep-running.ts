import { isFlotillaError } from '@flotilla/errors';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { type Invariant, violated } from './invariant.js';

/**
 * No group stops by a throw of its core or of its state machine, but where its disk is damaged: the core's own checks find what is wrong with a
 * replica before anybody sees it from outside.
 */
export class GroupsKeepRunning implements Invariant {
  readonly name = 'groups-keep-running';
  readonly hears: readonly ObservationKind[] = ['group-stopped'];

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'group-stopped' || subject === undefined) return;
    const { error } = observation;
    if (isFlotillaError(error, 'StorageCorrupt') || isFlotillaError(error, 'StorageFailed')) return;
    violated(this.name, `${subject.toString()} stopped: ${error.stack ?? error.message}`);
  }
}
