import type { SimulatedCluster } from '../../world/simulated-cluster.js';

interface Drift {
  readonly action: number;
  readonly ppm: number;
}

/** Drifts that faults gave to clocks: the last one holds, and when none is left, the clock's own. */
export class Drifts {
  readonly #cluster: SimulatedCluster;
  readonly #own = new Map<string, number>();
  readonly #given = new Map<string, Drift[]>();

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
  }

  give(action: number, machine: string, ppm: number): void {
    const node = this.#cluster.node(machine);
    const given = this.#given.get(machine) ?? [];
    if (given.length === 0) this.#own.set(machine, node.driftPpm);
    given.push({ action, ppm });
    this.#given.set(machine, given);
    node.driftPpm = ppm;
  }

  takeBack(action: number): void {
    for (const [machine, given] of this.#given) {
      const left = given.filter((drift) => drift.action !== action);
      if (left.length === given.length) continue;
      this.#given.set(machine, left);
      this.#cluster.node(machine).driftPpm = left.at(-1)?.ppm ?? this.#own.get(machine) ?? 0;
    }
  }
}
