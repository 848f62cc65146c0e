import { crc32c } from '@flotilla/bytes';
import { METADATA_GROUP } from '@flotilla/routing';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { envelopeOf, sessionCommandKey } from '../observation/session-entry.js';
import { type Invariant, violated } from './invariant.js';

/** First byte of a result that was applied; any other is an error, such as that of a session that has expired. */
const APPLIED = 0;

/**
 * A command of a session is applied once, however often it stands in the log (thesis, section 6.3): whenever it comes again, it gets the result
 * that it had, or is refused. Only for applications whose commands are session envelopes, as those of the key-value store.
 */
export class ExactlyOnce implements Invariant {
  readonly name = 'exactly-once';
  readonly hears: readonly ObservationKind[] = ['applied'];
  /** By group: the highest index that was looked at; what other replicas apply there is compared elsewhere. */
  readonly #looked = new Map<number, number>();
  /** By group, session and sequence: the digest of the result. */
  readonly #results = new Map<string, number>();

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'applied' || subject === undefined || subject.group.id === METADATA_GROUP) return;
    const { id } = subject.group;
    const { commands, results } = observation;
    for (let at = 0; at < commands.length; at++) {
      const command = commands[at];
      const result = results[at];
      if (command === undefined || result === undefined || command.index <= (this.#looked.get(id) ?? 0)) continue;
      this.#looked.set(id, command.index);
      const key = keyOf(id, command.data);
      if (key === undefined || result[0] !== APPLIED) continue;
      const digest = crc32c(result);
      const before = this.#results.get(key);
      if (before === undefined) this.#results.set(key, digest);
      else if (before !== digest) {
        violated(
          this.name,
          `command ${command.index} of group ${id} was applied before, and has another result now (session and sequence ${key})`,
        );
      }
    }
  }
}

function keyOf(group: number, data: Uint8Array): string | undefined {
  const envelope = envelopeOf(data);
  return envelope?.kind === 'command' ? sessionCommandKey(group, envelope) : undefined;
}
