import type { SimulatedCluster } from '../../world/simulated-cluster.js';

/** How often a machine with a damaged disk is looked at, in virtual ms. */
const LOOK_MS = 250;

/**
 * The fault atlas: which disks hold something else than their process believes. Raft promises to survive the loss of a minority of disks, and
 * so no more than one is damaged or lost at a time; and only as far as the storage can tell the damage from what it wrote, since a disk
 * that silently forgets what it has confirmed is outside of what any replica can answer for.
 *
 * A machine is whole again when a later life of its process found nothing wrong and serves, or when the operator gave it an empty disk and
 * its place in all groups was filled.
 */
export class DamagedDisks {
  readonly #cluster: SimulatedCluster;
  /** Damaged machines, with the life of the process from which on the damage would be found. */
  readonly #damaged = new Map<string, number>();
  #looking = false;

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
    cluster.onRecovered((name) => this.#damaged.delete(name));
  }

  /** Machines that are damaged now. */
  get machines(): ReadonlySet<string> {
    return new Set(this.#damaged.keys());
  }

  /** Whether the disk of a machine may be damaged or lost now. */
  allows(machine: string): boolean {
    for (const other of this.#damaged.keys()) if (other !== machine) return false;
    return this.#cluster.operator.canLose(machine);
  }

  /** The disk is damaged; the next life of its process must find it, or serve rightly. */
  note(machine: string): void {
    const { life, disk } = this.#cluster.node(machine);
    disk.isDamaged = true;
    this.#damaged.set(machine, life + 1);
    this.#look();
  }

  #look(): void {
    if (this.#looking || this.#damaged.size === 0) return;
    this.#looking = true;
    this.#cluster.director.setTimer(LOOK_MS, () => {
      this.#looking = false;
      for (const [name, life] of this.#damaged) if (this.#isWhole(name, life)) this.#damaged.delete(name);
      this.#look();
    });
  }

  #isWhole(name: string, life: number): boolean {
    const node = this.#cluster.node(name);
    if (this.#cluster.operator.lost.has(name) || node.life < life) return false;
    return node.running?.lifecycle.phase === 'ready';
  }
}
