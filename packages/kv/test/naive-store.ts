import { FlotillaError } from '@flotilla/errors';
import type {
  Command,
  CommandAnswer,
  Compare,
  KeyValue,
  Operation,
  OperationAnswer,
  RangeOperation,
  TxnOperation,
} from '../src/protocol.js';

interface Pair {
  readonly key: string;
  readonly value: string;
  readonly create: number;
  readonly mod: number;
  readonly version: number;
}

/** One event of history. */
export interface NaiveEvent {
  readonly type: 'put' | 'delete';
  readonly revision: number;
  readonly key: string;
  readonly pair: Pair | undefined;
  /** As of the revision before, unless that was compacted. */
  readonly prev: Pair | undefined;
}

type State = ReadonlyMap<string, Pair>;

export const text = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
export const bytes = (string: string): Uint8Array => Uint8Array.from(string, (char) => char.charCodeAt(0));

/**
 * etcd's data model in the plainest form: a whole copy of the keys for every revision, one keyspace, no bounds. Slow, and
 * short enough to be held against the rules by eye.
 */
export class NaiveStore {
  readonly states: State[] = [new Map(), new Map()];
  readonly events: NaiveEvent[] = [];
  compactRevision = 0;

  get revision(): number {
    return this.states.length - 1;
  }

  state(revision: number): State {
    return this.states[revision] as State;
  }

  /** The answer, or the error's code. */
  run(command: Command): CommandAnswer | string {
    const { operation } = command;
    if (operation.kind === 'compact') {
      if (operation.revision <= this.compactRevision) return 'Compacted';
      if (operation.revision > this.revision) return 'FutureRevision';
      this.compactRevision = operation.revision;
      return { revision: this.revision, answer: { kind: 'compact' } };
    }
    const draft = new Draft(this);
    try {
      const answer = draft.operation(operation, draft.path(operation));
      this.#commit(draft);
      return { revision: this.revision, answer };
    } catch (error) {
      if (error instanceof FlotillaError) return error.code;
      throw error;
    }
  }

  #commit(draft: Draft): void {
    if (draft.events.length === 0) return;
    this.states.push(draft.state);
    this.events.push(...draft.events);
  }
}

type Path = { readonly succeeded: boolean; readonly nested: (Path | undefined)[] } | undefined;

class Draft {
  readonly state: Map<string, Pair>;
  readonly events: NaiveEvent[] = [];
  readonly #store: NaiveStore;
  readonly #before: State;

  constructor(store: NaiveStore) {
    this.#store = store;
    this.#before = store.state(store.revision);
    this.state = new Map(this.#before);
  }

  path(operation: Operation): Path {
    if (operation.kind !== 'txn') return undefined;
    const succeeded = operation.compares.every((condition) => this.#holds(condition));
    return { succeeded, nested: branch(operation, succeeded).map((member) => this.path(member)) };
  }

  operation(operation: Operation, path: Path): OperationAnswer {
    const revision = this.#store.revision + 1;
    switch (operation.kind) {
      case 'range':
        return this.#range(operation);
      case 'put': {
        const key = text(operation.key);
        const present = this.state.get(key);
        if (operation.ignoreValue && present === undefined) {
          throw new FlotillaError('InvalidArgument', { message: '', details: { argument: '', reason: '' } });
        }
        const pair: Pair = {
          key,
          value: operation.ignoreValue ? (present?.value ?? '') : text(operation.value),
          create: present?.create ?? revision,
          mod: revision,
          version: (present?.version ?? 0) + 1,
        };
        this.state.set(key, pair);
        this.events.push({ type: 'put', revision, key, pair, prev: this.#before.get(key) });
        return { kind: 'put', prevKv: operation.prevKv && present !== undefined ? keyValue(present) : undefined };
      }
      case 'deleteRange': {
        const found = inRange(this.state, operation.key, operation.end);
        for (const { key } of found) {
          this.state.delete(key);
          this.events.push({ type: 'delete', revision, key, pair: undefined, prev: this.#before.get(key) });
        }
        return {
          kind: 'deleteRange',
          deleted: found.length,
          prevKvs: operation.prevKv ? found.map((pair) => keyValue(pair)) : [],
        };
      }
      case 'txn':
        return {
          kind: 'txn',
          succeeded: path?.succeeded === true,
          answers: branch(operation, path?.succeeded === true).map((member, at) =>
            this.operation(member, path?.nested[at]),
          ),
        };
    }
  }

  #range(operation: RangeOperation): OperationAnswer {
    if (operation.revision > this.#store.revision) {
      throw new FlotillaError('FutureRevision', { message: '', details: { revision: 0, currentRevision: 0 } });
    }
    if (operation.revision !== 0 && operation.revision < this.#store.compactRevision) {
      throw new FlotillaError('Compacted', { message: '', details: { revision: 0, compactRevision: 0 } });
    }
    const state = operation.revision === 0 ? this.state : this.#store.state(operation.revision);
    const all = inRange(state, operation.key, operation.end);
    if (operation.countOnly) return { kind: 'range', kvs: [], count: all.length, more: false };
    const filtered = all.filter(
      (pair) =>
        (operation.minModRevision === 0 || pair.mod >= operation.minModRevision) &&
        (operation.maxModRevision === 0 || pair.mod <= operation.maxModRevision) &&
        (operation.minCreateRevision === 0 || pair.create >= operation.minCreateRevision) &&
        (operation.maxCreateRevision === 0 || pair.create <= operation.maxCreateRevision),
    );
    const field = { key: 'key', version: 'version', create: 'create', mod: 'mod', value: 'value' } as const;
    const target = field[operation.sortTarget];
    const direction = operation.sortOrder === 'descend' ? -1 : 1;
    filtered.sort((a, b) => {
      const [x, y] = [a[target], b[target]];
      if (x !== y) return x < y ? -direction : direction;
      return a.key < b.key ? -1 : 1;
    });
    const kept = operation.limit === 0 ? filtered : filtered.slice(0, operation.limit);
    return {
      kind: 'range',
      kvs: kept.map((pair) => keyValue(operation.keysOnly ? { ...pair, value: '' } : pair)),
      count: operation.count === 'total' ? all.length : kept.length,
      more: kept.length < filtered.length,
    };
  }

  #holds(condition: Compare): boolean {
    const found = inRange(this.#before, condition.key, condition.end);
    if (found.length === 0) {
      return condition.target === 'value' ? false : relates(condition.relation, 0, condition.operand as number);
    }
    return found.every((pair) => {
      if (condition.target === 'value')
        return relates(condition.relation, pair.value, text(condition.operand as Uint8Array));
      return relates(condition.relation, pair[condition.target], condition.operand as number);
    });
  }
}

function branch(txn: TxnOperation, succeeded: boolean): readonly Operation[] {
  return succeeded ? txn.success : txn.failure;
}

function relates<T extends number | string>(relation: Compare['relation'], a: T, b: T): boolean {
  return { equal: a === b, notEqual: a !== b, greater: a > b, less: a < b }[relation];
}

/** The pairs in [key, end), ascending; `end` as etcd has it. */
export function inRange(state: State, key: Uint8Array, end: Uint8Array | undefined): Pair[] {
  const low = text(key);
  const within = (candidate: string): boolean => {
    if (end === undefined) return candidate === low;
    return candidate >= low && (text(end) === '\0' || candidate < text(end));
  };
  return [...state.values()].filter((pair) => within(pair.key)).sort((a, b) => (a.key < b.key ? -1 : 1));
}

export function keyValue(pair: Pair): KeyValue {
  return {
    key: bytes(pair.key),
    value: bytes(pair.value),
    createRevision: pair.create,
    modRevision: pair.mod,
    version: pair.version,
    lease: 0,
  };
}
