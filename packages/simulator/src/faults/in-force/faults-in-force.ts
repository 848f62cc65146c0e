import type { SimulatedCluster } from '../../world/simulated-cluster.js';
import type { FaultAction } from '../fault-action.js';
import { DamagedDisks } from './damaged-disks.js';
import { Drifts } from './drifts.js';
import { Holds } from './holds.js';
import { LinkFaults } from './link-faults.js';

/** What faults did to one cluster and is not undone yet. */
export class FaultsInForce {
  /** Of the links between machines. */
  readonly links: LinkFaults;
  /** Machines kept down. */
  readonly downs: Holds = new Holds();
  /** Machines whose process is kept paused. */
  readonly pauses: Holds = new Holds();
  /** Machines whose disk holds what it should not. */
  readonly damage: DamagedDisks;
  /** Clocks that run too fast or too slow. */
  readonly drifts: Drifts;
  readonly #cluster: SimulatedCluster;
  readonly #counted = new Set<string>();
  readonly #undo = new Map<number, () => void>();

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
    this.links = new LinkFaults(cluster.network, (action) => this.tookEffect(action));
    this.damage = new DamagedDisks(cluster);
    this.drifts = new Drifts(cluster);
  }

  /** Counts a fault, the first time that its action has an effect. */
  tookEffect(action: Pick<FaultAction, 'number' | 'kind'>): void {
    const key = `${action.kind} ${action.number}`;
    if (this.#counted.has(key)) return;
    this.#counted.add(key);
    this.#cluster.injected(action.kind);
  }

  /** Keeps what undoes an action that no one else remembers. What an action of that number left before is undone first. */
  undoLater(action: Pick<FaultAction, 'number'>, undo: () => void): void {
    this.undo(action);
    this.#undo.set(action.number, undo);
  }

  /** Undoes it; a second time does nothing. */
  undo(action: Pick<FaultAction, 'number'>): void {
    const undo = this.#undo.get(action.number);
    this.#undo.delete(action.number);
    undo?.();
  }
}

const IN_FORCE = new WeakMap<SimulatedCluster, FaultsInForce>();

/** The faults in force in a cluster: one set for each. */
export function faultsInForce(cluster: SimulatedCluster): FaultsInForce {
  let inForce = IN_FORCE.get(cluster);
  if (inForce === undefined) IN_FORCE.set(cluster, (inForce = new FaultsInForce(cluster)));
  return inForce;
}
