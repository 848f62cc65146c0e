import type { TraceKind } from '@flotilla/raft-core';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { Observer } from '../observation/observer.js';
import type { Invariant } from './invariant.js';

/** All invariants of a run over what is observed of it: each is told of what it hears, and of nothing else. */
export class InvariantSet implements Observer {
  readonly cluster: ObservedCluster;
  readonly #invariants: readonly Invariant[];
  readonly #byKind = new Map<ObservationKind, Invariant[]>();
  readonly #byTrace: Invariant[][] = [];
  /** Those that hear everything. */
  readonly #always: readonly Invariant[];

  constructor(invariants: readonly Invariant[], cluster: ObservedCluster) {
    this.cluster = cluster;
    this.#invariants = invariants;
    this.#always = invariants.filter(({ hears }) => hears === undefined);
    for (const invariant of invariants) for (const kind of invariant.hears ?? []) this.#add(kind, invariant);
  }

  #add(kind: ObservationKind | TraceKind, invariant: Invariant): void {
    if (typeof kind === 'number') {
      (this.#byTrace[kind] ??= []).push(invariant);
      return;
    }
    const known = this.#byKind.get(kind);
    if (known === undefined) this.#byKind.set(kind, [invariant]);
    else known.push(invariant);
  }

  /** Brings the observed cluster up to date, then asks each invariant that hears of it. @throws {InvariantViolation} */
  observe(observation: Observation): void {
    this.cluster.observe(observation);
    const hearing =
      observation.kind === 'trace' ? this.#byTrace[observation.event.kind] : this.#byKind.get(observation.kind);
    if (hearing !== undefined) for (const invariant of hearing) invariant.observe?.(observation, this.cluster);
    for (const invariant of this.#always) invariant.observe?.(observation, this.cluster);
  }

  /** All full checks. @throws {InvariantViolation} */
  check(): void {
    for (const invariant of this.#invariants) invariant.check?.(this.cluster);
  }

  /** What must hold of a cluster at rest. @throws {InvariantViolation} */
  settled(core: readonly string[]): void {
    for (const invariant of this.#invariants) invariant.settled?.(this.cluster, core);
  }
}
