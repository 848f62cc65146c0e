import { FlotillaError } from '@flotilla/errors';
import type { ClusterView } from '../metadata/cluster-view.js';
import type { GroupHost, HeldGroup } from './group-host.js';
import type { OpenReplica } from './membership-requests.js';
import { belongsTo } from './placement-step.js';

/** What keeping replicas needs of its node. */
export interface ReplicaKeeperOptions {
  readonly host: GroupHost;
  readonly view: ClusterView;
  /** What the catalog lists at start. */
  readonly held: readonly HeldGroup[];
  /** Makes the list durable, in one transaction. */
  readonly save: (held: readonly HeldGroup[]) => Promise<void>;
  /** The worker for a new replica. */
  readonly workerFor: (group: number) => number;
  readonly failed: (error: unknown) => void;
}

/**
 * Which replicas this node holds: a replica is in the catalog before its first record is in the log, and out of it before its log is dropped,
 * so that a crash between the two leaves nothing that a restart does not finish.
 */
export class ReplicaKeeper {
  readonly #options: ReplicaKeeperOptions;
  readonly #held: Map<number, HeldGroup>;
  /** Group 0's index that spoke for a replica when it was opened. */
  readonly #openedAt = new Map<number, number>();
  #tail: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: ReplicaKeeperOptions) {
    this.#options = options;
    this.#held = new Map(options.held.map((group) => [group.group, group]));
  }

  /** Replicas held, ascending. */
  held(): readonly HeldGroup[] {
    return [...this.#held.values()].toSorted((a, b) => a.group - b.group);
  }

  /** Opens a replica at the word of group 0's leader; resolves when it will take messages. Does nothing where it is held. */
  open(replica: OpenReplica): Promise<void> {
    return this.#serially(async () => {
      const { group, incarnation, voters, learners, metadataIndex } = replica;
      this.#openedAt.set(group, Math.max(metadataIndex, this.#openedAt.get(group) ?? 0));
      const known = this.#held.get(group);
      if (known !== undefined && known.incarnation >= incarnation) return;
      if (known !== undefined) await this.#drop(group);
      const worker = this.#options.workerFor(group);
      await this.#change(group, { group, worker, incarnation, founders: undefined, established: false });
      this.#options.host.openReplica({ group, worker, incarnation, voters, learners });
    });
  }

  /** A replica's log holds something. */
  established(group: number): void {
    const known = this.#held.get(group);
    if (known === undefined || known.established) return;
    this.#later(async () => {
      const held = this.#held.get(group);
      if (held !== undefined && !held.established) await this.#change(group, { ...held, established: true });
    });
  }

  /** What is known of the cluster moved on: replicas that this node has no part in any more are dropped. */
  reconcile(): void {
    for (const group of this.#held.keys()) {
      if (this.#isOver(group)) this.#later(() => (this.#isOver(group) ? this.#drop(group) : Promise.resolve()));
    }
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.#tail;
  }

  #isOver(group: number): boolean {
    const { state } = this.#options.view;
    if (!this.#held.has(group) || state.index <= (this.#openedAt.get(group) ?? 0)) return false;
    return !belongsTo(state, group, this.#options.host.nodeId);
  }

  async #drop(group: number): Promise<void> {
    await this.#change(group, undefined);
    this.#openedAt.delete(group);
    await this.#options.host.dropReplica(group);
  }

  async #change(group: number, value: HeldGroup | undefined): Promise<void> {
    const before = this.#held.get(group);
    if (value === undefined) this.#held.delete(group);
    else this.#held.set(group, value);
    try {
      await this.#options.save(this.held());
    } catch (error) {
      if (before === undefined) this.#held.delete(group);
      else this.#held.set(group, before);
      throw error;
    }
  }

  #later(work: () => Promise<void>): void {
    this.#serially(work).catch((error: unknown) => {
      if (!this.#stopped) this.#options.failed(error);
    });
  }

  #serially(work: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(() => {
      if (this.#stopped) throw new FlotillaError('Shutdown', { message: 'the node stops', details: {} });
      return work();
    });
    // Told to whoever asked for the work; what comes after it is done all the same.
    this.#tail = done.catch(() => undefined);
    return done;
  }
}
