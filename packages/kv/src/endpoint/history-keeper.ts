import type { ProposalSink } from '@flotilla/cluster';
import type { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import { encodeSessionEnvelope } from '@flotilla/wire';
import { encodeCommand } from '../protocol/command-codec.js';
import type { KvGroups } from '../state-machine/kv-groups.js';
import type { KvStateMachine } from '../state-machine/kv-state-machine.js';
import type { KvStore } from '../store/kv-store.js';
import type { EndpointNode } from './endpoint-node.js';
import type { Leadership } from './leadership.js';

/** How much history each group keeps for readers of old revisions and for watches that were away. */
export interface HistoryPolicy {
  /** Versions (default 100,000). */
  readonly versions: number;
  /** Bytes of versions, by estimate (default 16 MiB). */
  readonly bytes: number;
}

/** Defaults of HistoryPolicy. */
export const DEFAULT_HISTORY_POLICY: HistoryPolicy = { versions: 100_000, bytes: 16 * 1_048_576 };

/** Compaction is due when the history is this many times what is to be kept. */
const EXCESS = 2;

/**
 * Keeps the history of each group that this node leads within its policy, by proposing compactions like any client: the
 * state machine itself never compacts of its own accord, since replicas might be configured differently.
 */
export class HistoryKeeper implements ProposalSink {
  readonly #node: EndpointNode;
  readonly #leadership: Leadership;
  readonly #policy: HistoryPolicy;
  readonly #runtime: Runtime;
  /** Groups with a compaction under way. */
  readonly #busy = new Set<number>();
  readonly #stop: () => void;
  #stopped = false;

  constructor(node: EndpointNode, groups: KvGroups, leadership: Leadership, runtime: Runtime, policy: HistoryPolicy) {
    this.#node = node;
    this.#leadership = leadership;
    this.#runtime = runtime;
    this.#policy = policy;
    const watch = (group: number, machine: KvStateMachine): void => {
      const look = (): void => this.#look(group, machine);
      machine.listen({ applied: look, restored: look });
    };
    for (const group of groups.groups()) {
      const machine = groups.machine(group);
      if (machine !== undefined) watch(group, machine);
    }
    this.#stop = groups.onOpened(watch);
  }

  #look(group: number, machine: KvStateMachine): void {
    if (!this.#excessive(machine.store) || this.#busy.has(group) || !this.#leadership.leads(group)) return;
    this.#busy.add(group);
    this.#runtime.nextTurn(() => this.#compact(group, machine));
  }

  #excessive(store: KvStore): boolean {
    const { historyVersions, historyBytes } = store.stats;
    return historyVersions > EXCESS * this.#policy.versions || historyBytes > EXCESS * this.#policy.bytes;
  }

  #compact(group: number, machine: KvStateMachine): void {
    const revision = this.#stopped ? undefined : compactionPoint(machine.store, this.#policy);
    if (revision === undefined) {
      this.#busy.delete(group);
      return;
    }
    const command = encodeCommand({ keyspace: 0, operation: { kind: 'compact', revision } });
    this.#node.submit(group, encodeSessionEnvelope({ kind: 'bare', command }), this, group);
  }

  applied(slot: number): void {
    this.#busy.delete(slot);
  }

  failed(slot: number, _error: FlotillaError): void {
    // Whoever leads the group looks again at its next write.
    this.#busy.delete(slot);
  }

  /** Proposes no more. */
  stop(): void {
    this.#stopped = true;
    this.#stop();
  }
}

/** The revision below which history is to go; undefined where that gains nothing. */
function compactionPoint(store: KvStore, policy: HistoryPolicy): number | undefined {
  const { historyVersions, historyBytes, compactRevision } = store.stats;
  const share = Math.min(1, policy.versions / historyVersions, policy.bytes / historyBytes);
  const position = store.history.end - Math.floor(historyVersions * share);
  if (position >= store.history.end) return store.revision > compactRevision ? store.revision : undefined;
  const revision = store.history.at(Math.max(position, store.history.first)).mod;
  return revision > compactRevision ? revision : undefined;
}
