import type { Members } from '@flotilla/cluster';
import { FlotillaError } from '@flotilla/errors';
import { withDeadline } from '@flotilla/runtime';
import type { SimulatedCluster } from './simulated-cluster.js';

/** A call of an operator is given up after so long: the node that was asked may be gone, and then it never answers (virtual ms). */
const CALL_TIMEOUT_MS = 30_000;

/** What an operator asks of a cluster, through whichever node is ready. Each call rejects with NotReady while none is. */
export class ClusterAdmin {
  readonly #cluster: SimulatedCluster;

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
  }

  /** Changes of the cluster's nodes: see `Members` of the cluster. */
  readonly members: Pick<Members, 'remove' | 'replace'> = {
    remove: (node) => this.#call(`remove of node ${node}`, (members, signal) => members.remove(node, { signal })),
    replace: (old, fresh) =>
      this.#call(`replacement of node ${old} by ${fresh}`, (members, signal) =>
        members.replace(old, fresh, { signal }),
      ),
  };

  /** Hands the leadership of a group to one of its voters; resolves when it leads. */
  async transfer(group: number, to: number): Promise<void> {
    const node = this.#ready();
    await this.#bounded(`transfer of group ${group}`, (signal) => node.transfer(group, to, { signal }));
  }

  async #call(operation: string, work: (members: Members, signal: AbortSignal) => Promise<void>): Promise<void> {
    const { members } = this.#ready();
    await this.#bounded(operation, (signal) => work(members, signal));
  }

  #ready(): NonNullable<ReturnType<SimulatedCluster['readyNode']>> {
    const node = this.#cluster.readyNode();
    if (node !== undefined) return node;
    const reason = 'no node is ready';
    throw new FlotillaError('NotReady', { message: reason, details: { reason } });
  }

  #bounded(operation: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const expired = (): Error =>
      new FlotillaError('Timeout', {
        message: `no answer to: ${operation}`,
        details: { operation, ms: CALL_TIMEOUT_MS },
      });
    return withDeadline(this.#cluster.director, { ms: CALL_TIMEOUT_MS, expired }, work);
  }
}
