import type { SimulatedCluster } from '../../world/simulated-cluster.js';

/** How often a machine with a damaged disk is looked at, in virtual ms. */
const LOOK_MS = 250;
const SNAPSHOTS = 'snapshots/';

/** Bytes of a file as a fault left them. */
export interface DamagedBytes {
  readonly path: string;
  readonly position: number;
  readonly bytes: Uint8Array;
}

interface Damage {
  /** From which life of its process on it would be found. */
  readonly life: number;
  /** In files that a start does not read to the end. */
  readonly unread: readonly DamagedBytes[];
}

/**
 * The fault atlas: which disks hold something else than their process believes. Raft promises to survive the loss of a minority of disks, and
 * so no more than one is damaged or lost at a time; and only as far as the storage can tell the damage from what it wrote, since a disk
 * that silently forgets what it has confirmed is outside of what any replica can answer for.
 *
 * A machine is whole again when a later life of its process found nothing wrong and serves, or when the operator gave it an empty disk and
 * its place in all groups was filled. A snapshot is read only when it is sent or restored: as long as the damaged bytes of one are there,
 * the machine is damaged.
 */
export class DamagedDisks {
  readonly #cluster: SimulatedCluster;
  readonly #damaged = new Map<string, Damage>();
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

  /** The disk is damaged; the next life of its process must find it, or serve rightly. `bytes`: what is wrong, where that is known. */
  note(machine: string, bytes?: DamagedBytes): void {
    const { life, disk } = this.#cluster.node(machine);
    const before = this.#damaged.get(machine)?.unread ?? [];
    disk.isDamaged = true;
    const unread = bytes !== undefined && bytes.path.includes(SNAPSHOTS) ? [...before, bytes] : before;
    this.#damaged.set(machine, { life: life + 1, unread });
    this.#look();
  }

  #look(): void {
    if (this.#looking || this.#damaged.size === 0) return;
    this.#looking = true;
    this.#cluster.director.setTimer(LOOK_MS, () => {
      this.#looking = false;
      for (const [name, damage] of this.#damaged) if (this.#isWhole(name, damage)) this.#damaged.delete(name);
      this.#look();
    });
  }

  #isWhole(name: string, { life, unread }: Damage): boolean {
    const node = this.#cluster.node(name);
    if (this.#cluster.operator.lost.has(name) || node.life < life) return false;
    const { files } = node.disk;
    const isThere = ({ path, position, bytes }: DamagedBytes): boolean =>
      files.peek(path, position, position + bytes.length)?.join() === bytes.join();
    return node.running?.lifecycle.phase === 'ready' && !unread.some(isThere);
  }
}
