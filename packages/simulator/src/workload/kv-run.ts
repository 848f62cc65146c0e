import type { FlotillaClient, KeyValuePair, WriteResult } from '@flotilla/client';
import { utf8Decode, utf8Encode } from '@flotilla/bytes';
import { prefixRange, type KeyValue } from '@flotilla/kv/protocol';
import { violated } from '../invariants/invariant.js';
import type { SimulatedCluster } from '../world/simulated-cluster.js';
import type { WorkloadPlan } from '../plan/simulation-plan.js';
import { AppliedCommands } from './applied-commands.js';
import { ClientHistory, type ClientOperation } from './client-history.js';
import { isSamePair } from './reference-store.js';

/** Keys that clients contend for begin so. */
export const KEY_PREFIX = 'key ';
/** Two keys of one hash tag that are always written together. */
export const PAIR_PREFIX = '{pair}';
/** The two keys. */
export const PAIR: readonly [string, string] = [`${PAIR_PREFIX}a`, `${PAIR_PREFIX}b`];

/** For each group, the highest revision that anybody was told of. */
export type Floors = ReadonlyMap<number, number>;

/** What all clients of one run share: what they did, what became of it, and what they may rely on. */
export class KvRun {
  readonly cluster: SimulatedCluster;
  readonly plan: WorkloadPlan;
  readonly keys: readonly string[];
  readonly history: ClientHistory = new ClientHistory();
  readonly applied: AppliedCommands = new AppliedCommands(() => this.history.now());
  readonly #floors = new Map<number, number>();
  readonly #groups = new Map<string, number>();
  /** The first rule that was broken by what a client saw. */
  #violation: Error | undefined;
  isOver = false;

  constructor(cluster: SimulatedCluster, plan: WorkloadPlan) {
    this.cluster = cluster;
    this.plan = plan;
    this.keys = Array.from({ length: plan.keys }, (_, at) => `${KEY_PREFIX}${at}`);
  }

  /** What later linearizable operations must not fall behind. */
  floors(): Floors {
    return new Map(this.#floors);
  }

  /** The group of a key, once a write of it was acknowledged. */
  groupOf(key: string): number | undefined {
    return this.#groups.get(key);
  }

  /** Keeps what a client found to be broken: it ends the run at its check, wherever it was found. */
  found(error: unknown): void {
    const violation = error instanceof Error ? error : new Error(String(error));
    this.#violation ??= violation;
    this.cluster.story.note(`clients: ${violation.message}`);
  }

  /** @throws what was found */
  endIfBroken(): void {
    if (this.#violation !== undefined) throw this.#violation;
  }

  /**
   * A write was acknowledged: it is in the log with the answer that the client was given, above all that was acknowledged before it began.
   * @throws {InvariantViolation}
   */
  acknowledged(operation: ClientOperation, key: string, { group, revision }: WriteResult, floors: Floors): void {
    this.#groups.set(key, group);
    this.#rise(group, revision);
    if (operation.kind !== 'write') return;
    const applied = this.applied.find(operation.number);
    const what = `operation ${operation.number} of ${operation.process}, revision ${revision} of group ${group},`;
    if (applied === undefined) violated('acknowledged-write', `${what} was acknowledged, and no replica applied it`);
    if (applied.group !== group || applied.revision !== revision) {
      violated('acknowledged-write', `${what} was applied at revision ${applied.revision} of group ${applied.group}`);
    }
    const floor = floors.get(group) ?? 0;
    // What changes nothing has the revision that it finds.
    if (revision < floor) violated('revision-order', `${what} began when revision ${floor} was acknowledged`);
    const { index, term, command } = applied;
    this.cluster.observer.observe({ kind: 'acknowledged', group, index, term, command });
  }

  /** A pair was read: somebody wrote it so. @throws {InvariantViolation} */
  seen(pair: KeyValuePair | undefined): void {
    if (pair === undefined || this.applied.stores.some((store) => store.wrote(pair))) return;
    violated(
      'read-of-written',
      `key ${pair.keyText()} was read at revision ${pair.modRevision}, which nobody wrote so`,
    );
  }

  /**
   * A range was read: it is exactly what its groups held at the revisions that it names, which are applied, and, of a linearizable read, not
   * below any that was acknowledged before it began. @throws {InvariantViolation}
   */
  ranged(
    prefix: string,
    pairs: readonly KeyValue[],
    revisions: readonly WriteResult[],
    floors: Floors | 'stale',
  ): void {
    const expected: KeyValue[] = [];
    for (const { group, revision } of revisions) {
      const store = this.applied.store(group);
      const what = `a read of ${prefix} at revision ${revision} of group ${group}`;
      if (revision > store.revision)
        violated('read-of-applied', `${what}, where nobody has applied more than ${store.revision}`);
      if (floors !== 'stale') {
        const floor = floors.get(group) ?? 0;
        if (revision < floor) violated('stale-read', `${what} began when revision ${floor} was acknowledged`);
        this.#rise(group, revision);
      }
      expected.push(...store.range(prefixRange(utf8Encode(prefix)), revision));
    }
    const sorted = pairs.length === expected.length ? expected.sort(byKey) : [];
    const isSame = pairs.length === expected.length && pairs.every((pair, at) => isSamePair(pair, sorted[at] ?? pair));
    if (isSame) return;
    const text = (list: readonly KeyValue[]) =>
      list.map(({ key, modRevision }) => `${utf8Decode(key)}@${modRevision}`).join(' ');
    const at = revisions.map(({ group, revision }) => `${group}:${revision}`).join(' ');
    violated('read-of-revision', `a read of ${prefix} at ${at} gave ${text(pairs)}, where there is ${text(expected)}`);
  }

  #rise(group: number, revision: number): void {
    if (revision > (this.#floors.get(group) ?? 0)) this.#floors.set(group, revision);
  }
}

/** A client with its name. */
export interface NamedClient {
  readonly name: string;
  readonly client: FlotillaClient;
}

function byKey(left: KeyValue, right: KeyValue): number {
  const [a, b] = [utf8Decode(left.key), utf8Decode(right.key)];
  return a < b ? -1 : a > b ? 1 : 0;
}
