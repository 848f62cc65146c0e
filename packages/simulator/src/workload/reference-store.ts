import { compare, equals, utf8Decode, utf8Encode } from '@flotilla/bytes';
import {
  type Compare,
  isOpenEnd,
  type KeyRange,
  type KeyValue,
  type Operation,
  type OperationAnswer,
  type TxnOperation,
} from '@flotilla/kv/protocol';

/** What a key was from one revision on. */
export interface KeyVersion {
  readonly group: number;
  readonly key: string;
  readonly revision: number;
  /** As it was written; undefined where the key was deleted. */
  readonly pair: KeyValue | undefined;
}

/** A change that is not committed yet: the pair, undefined for a delete. */
type Changes = Map<string, KeyValue | undefined>;

/**
 * The keys of one group as they must be, in the plainest way: every version of every key is kept in a list. It shares no code with the store
 * that it judges.
 */
export class ReferenceStore {
  readonly group: number;
  readonly #versions = new Map<string, KeyVersion[]>();
  readonly #events: KeyVersion[] = [];
  #revision = 1;

  constructor(group: number) {
    this.group = group;
  }

  get revision(): number {
    return this.#revision;
  }

  /** All changes, in order. */
  get events(): readonly KeyVersion[] {
    return this.#events;
  }

  /** Does an operation as one step, and gives what it must answer. */
  execute(operation: Operation): OperationAnswer {
    const changes: Changes = new Map();
    const answer = this.#operation(operation, changes);
    if (changes.size > 0) this.#commit(changes);
    return answer;
  }

  /** The pair as of a revision; undefined where the key was not there. */
  at(key: string, revision: number): KeyValue | undefined {
    return this.#versions.get(key)?.findLast((version) => version.revision <= revision)?.pair;
  }

  /** All pairs of a range as of a revision, ascending by key. */
  range(range: KeyRange, revision: number): readonly KeyValue[] {
    return this.#select(range, (key) => this.at(key, revision));
  }

  /** Whether a pair is, in all its parts, one that was written here. */
  wrote(pair: KeyValue): boolean {
    const versions = this.#versions.get(utf8Decode(pair.key));
    const written = versions?.findLast(({ revision }) => revision === pair.modRevision)?.pair;
    return written !== undefined && isSamePair(written, pair);
  }

  #commit(changes: Changes): void {
    this.#revision++;
    for (const [key, pair] of changes) {
      const version: KeyVersion = { group: this.group, key, revision: this.#revision, pair };
      const versions = this.#versions.get(key);
      if (versions === undefined) this.#versions.set(key, [version]);
      else versions.push(version);
      this.#events.push(version);
    }
  }

  #operation(operation: Operation, changes: Changes): OperationAnswer {
    switch (operation.kind) {
      case 'put': {
        const key = utf8Decode(operation.key);
        const before = this.#now(key, changes);
        const modRevision = this.#revision + 1;
        changes.set(key, {
          key: operation.key.slice(),
          value: operation.value.slice(),
          createRevision: before?.createRevision ?? modRevision,
          modRevision,
          version: (before?.version ?? 0) + 1,
          lease: operation.lease,
        });
        return { kind: 'put', prevKv: operation.prevKv ? before : undefined };
      }
      case 'deleteRange': {
        const found = this.#select(operation, (key) => this.#now(key, changes), changes);
        for (const { key } of found) changes.set(utf8Decode(key), undefined);
        return { kind: 'deleteRange', deleted: found.length, prevKvs: operation.prevKv ? found : [] };
      }
      case 'range': {
        const kvs = this.#select(operation, (key) => this.#now(key, changes), changes);
        return { kind: 'range', kvs, count: kvs.length, more: false };
      }
      case 'txn':
        return this.#transaction(operation, changes);
    }
  }

  #transaction({ compares, success, failure }: TxnOperation, changes: Changes): OperationAnswer {
    const succeeded = compares.every((condition) => this.#holds(condition));
    const answers = (succeeded ? success : failure).map((operation) => this.#operation(operation, changes));
    return { kind: 'txn', succeeded, answers };
  }

  #holds(condition: Compare): boolean {
    const found = this.#select(condition, (key) => this.at(key, this.#revision));
    const { operand, target } = condition;
    if (found.length === 0) return typeof operand === 'number' && relates(condition, -operand);
    return found.every((pair) => {
      if (typeof operand !== 'number') return relates(condition, compare(pair.value, operand));
      const numbers = { version: pair.version, create: pair.createRevision, mod: pair.modRevision, value: 0 };
      return relates(condition, numbers[target] - operand);
    });
  }

  #now(key: string, changes: Changes): KeyValue | undefined {
    return changes.has(key) ? changes.get(key) : this.at(key, this.#revision);
  }

  #select(
    { key, end }: KeyRange,
    look: (key: string) => KeyValue | undefined,
    changes: Changes = new Map(),
  ): KeyValue[] {
    const only = end === undefined ? look(utf8Decode(key)) : undefined;
    if (end === undefined) return only === undefined ? [] : [only];
    const found: KeyValue[] = [];
    for (const name of new Set([...this.#versions.keys(), ...changes.keys()])) {
      const bytes = utf8Encode(name);
      if (compare(bytes, key) < 0 || (!isOpenEnd(end) && compare(bytes, end) >= 0)) continue;
      const pair = look(name);
      if (pair !== undefined) found.push(pair);
    }
    return found.sort((left, right) => compare(left.key, right.key));
  }
}

function relates({ relation }: Compare, difference: number): boolean {
  if (relation === 'equal') return difference === 0;
  if (relation === 'notEqual') return difference !== 0;
  return relation === 'greater' ? difference > 0 : difference < 0;
}

/** Whether two pairs are equal in all their parts. */
export function isSamePair(left: KeyValue, right: KeyValue): boolean {
  return (
    equals(left.key, right.key) &&
    equals(left.value, right.value) &&
    left.createRevision === right.createRevision &&
    left.modRevision === right.modRevision &&
    left.version === right.version &&
    left.lease === right.lease
  );
}
