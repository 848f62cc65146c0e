import type { FlotillaError } from '@flotilla/errors';
import type { NodeInfo } from '@flotilla/routing';
import type { SimulatedCluster } from './simulated-cluster.js';
import type { SimulatedNode } from './simulated-node.js';

/** A supervisor starts a process again after so long (virtual ms). */
const RESTART_MS = 1_000;
/** How often the operator looks whether a replacement can go on (virtual ms). */
const LOOK_MS = 500;

/** Errors that a process ends with although nothing is lost: it is started again over its disk. */
const RESTARTED: ReadonlySet<string> = new Set([
  'StorageFailed',
  'StorageFull',
  'StorageLocked',
  'JoinExhausted',
  'JoinRejected',
  'Unreachable',
  'Timeout',
  'ConnectionClosed',
  'NotReady',
  'NotLeader',
  'Aborted',
]);

/** Errors that say that a disk is not as its process left it. Of a disk that no fault has touched they are violations. */
const CORRUPT: ReadonlySet<string> = new Set(['StorageCorrupt', 'IncompatibleVersion']);

/**
 * What supervisors and operators of a real cluster do: a process that ended is started again; a machine whose disk is corrupt gets an empty
 * one, joins under a new id, and takes the place of the node that it was; a node that was removed joins as a new one.
 */
export class Operator {
  readonly #cluster: SimulatedCluster;
  /** Machines that ever lost their disk. */
  readonly #wiped = new Set<string>();
  /** Machines of which a former node may still be in some configuration. */
  readonly #lost = new Set<string>();
  #looking = false;
  #busy = false;
  #attempts = 0;

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
  }

  /** Whether the disk of a machine was ever wiped. */
  wasWiped(name: string): boolean {
    return this.#wiped.has(name);
  }

  /** Machines of which a former node, whose disk is gone, may still be in some configuration. */
  get lost(): ReadonlySet<string> {
    return this.#lost;
  }

  /**
   * Whether the disk of a machine may be lost now without going beyond what Raft promises: no disk is missing, not even a
   * former one of the machine itself, and every group in which
   * the node may vote has three voters or more.
   */
  canLose(name: string): boolean {
    if (this.#lost.size > 0) return false;
    const { nodes, groups } = this.#cluster;
    const id = nodes.get(name)?.nodeId;
    const seen = new Set<number>();
    for (const { running } of nodes.values()) {
      for (const { group, confState } of running?.groupStatuses() ?? []) {
        seen.add(group);
        for (const half of [confState.voters, confState.votersOutgoing]) {
          if (half.length > 0 && half.length < 3 && (id === undefined || half.includes(id))) return false;
        }
      }
    }
    return groups.every((group) => seen.has(group));
  }

  /** The process of a machine failed. */
  failed(node: SimulatedNode, error: FlotillaError): void {
    const { cluster } = this;
    if (RESTARTED.has(error.code)) return this.#unlessOver(node, () => this.#restart(node));
    if (error.code === 'UnknownIncarnation') return this.#unlessOver(node, () => this.rejoin(node.name));
    if (CORRUPT.has(error.code) && node.disk.isDamaged) return this.#unlessOver(node, () => this.replace(node.name));
    cluster.crashed(error, { node: node.name });
  }

  get cluster(): SimulatedCluster {
    return this.#cluster;
  }

  /** A little later, unless the life that failed is over by then: another one may have failed too, and is looked after by itself. */
  #unlessOver(node: SimulatedNode, then: () => void): void {
    const { life } = node;
    this.#later(RESTART_MS, () => {
      if (node.life === life && node.failure !== undefined) then();
    });
  }

  #restart(node: SimulatedNode): void {
    node.kill();
    this.#start(node);
  }

  /** The machine gets an empty disk; its node joins under a new id and takes the place of what it was. */
  replace(name: string): void {
    this.#lost.add(name);
    this.rejoin(name);
    this.#look();
  }

  /** The machine gets an empty disk, and its node joins under a new id. */
  rejoin(name: string): void {
    const node = this.#cluster.node(name);
    this.#wiped.add(name);
    node.wipe();
    this.#cluster.story.note('operator: empty disk, joins anew', { node: name });
    this.#start(node);
  }

  #start(node: SimulatedNode): void {
    this.#cluster.background(`start of ${node.name}`, node.start());
  }

  #look(): void {
    if (this.#looking) return;
    this.#looking = true;
    this.#later(LOOK_MS, () => {
      this.#looking = false;
      for (const name of this.#lost) this.#advance(name);
      if (this.#lost.size > 0) this.#look();
    });
  }

  /** One step on the way of a wiped machine: as soon as its new node is active, the old ones give their places to it. */
  #advance(name: string): void {
    const { cluster } = this;
    const fresh = cluster.node(name).nodeId;
    const known = cluster.readyNode()?.topology();
    if (fresh === undefined || known?.nodes.get(fresh)?.state !== 'active' || this.#busy) return;
    const former = [...known.nodes.values()].filter((info) => isFormer(info, name, fresh));
    if (former.length > 0)
      this.#retire(
        name,
        former.map(({ id }) => id).sort((a, b) => b - a),
        fresh,
      );
    else if (!this.#isNamed(name, fresh)) this.#recovered(name);
  }

  /**
   * The newest of the former nodes never came far, and while the cluster waits for them no voter leaves: they go first. The oldest one gives
   * its place to the new node.
   */
  #retire(name: string, former: readonly number[], fresh: number): void {
    const { cluster } = this;
    const old = former[this.#attempts++ % former.length] ?? 0;
    const isLast = former.length === 1;
    cluster.story.note(`operator: ${isLast ? `replaces node ${old} by ${fresh}` : `removes node ${old}`}`, {
      node: name,
    });
    this.#busy = true;
    const { members } = cluster.admin;
    const done = (isLast ? members.replace(old, fresh) : members.remove(old)).finally(() => {
      this.#busy = false;
    });
    cluster.background(`retirement of node ${old}`, done);
  }

  #recovered(name: string): void {
    this.#lost.delete(name);
    this.#cluster.story.note('operator: replaced', { node: name });
    this.#cluster.recovered(name);
  }

  /** Whether a replica anywhere still has another node in its configuration than those that are members. */
  #isNamed(name: string, fresh: number): boolean {
    for (const { running } of this.#cluster.nodes.values()) {
      const nodes = running?.topology().nodes;
      for (const { confState } of running?.groupStatuses() ?? []) {
        for (const id of [...confState.voters, ...confState.votersOutgoing, ...confState.learners]) {
          const info = nodes?.get(id);
          if (id !== fresh && info?.name === name) return true;
        }
      }
    }
    return false;
  }

  #later(ms: number, then: () => void): void {
    this.#cluster.director.setTimer(ms, then);
  }
}

function isFormer(info: NodeInfo, name: string, fresh: number): boolean {
  return info.name === name && info.id !== fresh && info.state !== 'decommissioned';
}
