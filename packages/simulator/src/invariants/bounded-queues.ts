import type { GroupLoad } from '@flotilla/cluster';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedMachine } from '../observation/observed-machine.js';
import { type Invariant, violated } from './invariant.js';

/** What may wait in a group of a node, and what its log may hold. */
export interface QueueBounds {
  /** Proposals without an outcome (default 16,384, as a node's own). */
  readonly proposalsMax?: number;
  /** Reads without an outcome (default 65,536). */
  readonly readsMax?: number;
  /** Entries that a log holds at rest (default: not looked at). */
  readonly logEntriesMax?: number;
}

/**
 * Queues and memory are bounded: no more waits in a group than its limits allow, its log in memory is compacted when the one on the disk is, and
 * at rest nothing waits that nobody will ever answer.
 */
export class BoundedQueues implements Invariant {
  readonly name = 'bounded-queues';
  readonly hears: readonly ObservationKind[] = ['polled'];
  readonly #proposalsMax: number;
  readonly #readsMax: number;
  readonly #logEntriesMax: number;

  constructor({ proposalsMax = 16_384, readsMax = 65_536, logEntriesMax = Infinity }: QueueBounds = {}) {
    this.#proposalsMax = proposalsMax;
    this.#readsMax = readsMax;
    this.#logEntriesMax = logEntriesMax;
  }

  observe(observation: Observation, { machine }: ObservedCluster): void {
    if (observation.kind !== 'polled' || machine === undefined) return;
    const { loads, status } = observation.figures;
    // The loops of a node that failed stopped within a turn: a core may have taken a snapshot that its log never learns of.
    if (status.lifecycle === 'failed') return;
    for (const load of loads) this.#checkLoad(machine, load);
  }

  #checkLoad(machine: ObservedMachine, { group, proposals, reads, logEntries }: GroupLoad): void {
    const where = `group ${group} on ${machine.name}`;
    if (proposals > this.#proposalsMax) violated(this.name, `${proposals} proposals wait in ${where}`);
    if (reads > this.#readsMax) violated(this.name, `${reads} reads wait in ${where}`);
    const replica = machine.replicas.get(group);
    const known = replica?.log.entries.length ?? 0;
    if (replica?.isStarted === true && replica.stopped === undefined && logEntries > known) {
      violated(
        this.name,
        `${where} holds ${logEntries} entries in memory, and its log has ${known} since it was compacted`,
      );
    }
  }

  settled(cluster: ObservedCluster, core: readonly string[]): void {
    // Where a part of the cluster stays broken, requests to it may wait.
    if ([...cluster.machines.values()].some(({ isUp, name }) => isUp && !core.includes(name))) return;
    for (const name of core) {
      for (const { group, proposals, reads, logEntries } of cluster.machines.get(name)?.figures?.loads ?? []) {
        if (proposals + reads > 0) {
          violated(this.name, `at rest ${proposals} proposals and ${reads} reads wait in group ${group} on ${name}`);
        }
        if (logEntries > this.#logEntriesMax) {
          violated(
            this.name,
            `at rest the log of group ${group} on ${name} holds ${logEntries} entries; ${this.#logEntriesMax} are the most`,
          );
        }
      }
    }
  }
}
