import { METADATA_GROUP } from '@flotilla/routing';
import { isCommand } from '../observation/entry-register.js';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { type Invariant, violated } from './invariant.js';

/**
 * The applied watermark of a replica never falls in a life, never passes what is committed, and shows nothing that the state machine has not
 * applied, or restored, before. (What group 0's own state machine does is not observed.)
 */
export class AppliedWatermark implements Invariant {
  readonly name = 'applied-watermark';
  readonly hears: readonly ObservationKind[] = ['watermark'];

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'watermark' || subject?.isStarted !== true) return;
    const { watermark, previousWatermark, commit, log, machineIndex, isRestoring, group } = subject;
    if (watermark < previousWatermark) {
      violated(this.name, `the watermark of ${subject.toString()} fell from ${previousWatermark} to ${watermark}`);
    }
    if (watermark > commit) {
      violated(this.name, `${subject.toString()} shows all up to ${watermark}, and its commit index is ${commit}`);
    }
    if (group.id === METADATA_GROUP) return;
    if (isRestoring && watermark > previousWatermark) {
      violated(this.name, `${subject.toString()} shows all up to ${watermark} before its snapshot is restored`);
    }
    for (let index = Math.max(machineIndex, previousWatermark) + 1; index <= watermark; index++) {
      const entry = log.entryAt(index);
      if (entry !== undefined && isCommand(entry)) {
        violated(this.name, `${subject.toString()} shows all up to ${watermark} before it applied command ${index}`);
      }
    }
  }
}
