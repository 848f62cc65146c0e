import {
  type Command,
  type CommandAnswer,
  decodeAnswer,
  decodeCommand,
  errorOfAnswer,
  type KeyValue,
  type OperationAnswer,
} from '@flotilla/kv/protocol';
import { METADATA_GROUP } from '@flotilla/routing';
import { violated } from '../invariants/invariant.js';
import type { Observation, ObservationOf } from '../observation/observation.js';
import { envelopeOf, sessionCommandKey } from '../observation/session-entry.js';
import { operationOf } from './operation-mark.js';
import { isSamePair, ReferenceStore } from './reference-store.js';

/** An operation of a client as the log has it. */
export interface AppliedOperation {
  readonly group: number;
  readonly index: number;
  readonly term: number;
  readonly command: Uint8Array;
  /** The group's revision after it. */
  readonly revision: number;
  /** What it answered. */
  readonly answer: OperationAnswer;
  /** Instant of the history at which a replica was first seen to apply it: it took effect before. */
  readonly at: number;
}

/** First byte of a session's result that is no refusal. */
const APPLIED = 0;

/**
 * All that the groups of the key-value store applied, each command as the first replica that did: what became of every operation, whatever
 * its client was told, and the content of every revision, computed a second time. What a command answered must be what it computes.
 */
export class AppliedCommands {
  readonly #now: () => number;
  readonly #stores = new Map<number, ReferenceStore>();
  /** By group: the last index that was looked at. */
  readonly #looked = new Map<number, number>();
  readonly #operations = new Map<number, AppliedOperation>();
  /** Commands of sessions that were applied: group, client, vShard, sequence. */
  readonly #ofSessions = new Set<string>();

  /** `now`: the present instant of the history. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The group's keys as they must be. */
  store(group: number): ReferenceStore {
    let store = this.#stores.get(group);
    if (store === undefined) this.#stores.set(group, (store = new ReferenceStore(group)));
    return store;
  }

  /** Every group that applied anything, ascending. */
  get stores(): readonly ReferenceStore[] {
    return [...this.#stores.values()].sort((left, right) => left.group - right.group);
  }

  /** What became of an operation; undefined where it was not applied. */
  find(operation: number): AppliedOperation | undefined {
    return this.#operations.get(operation);
  }

  /** Takes in what replicas apply. @throws {InvariantViolation} */
  observe(observation: Observation): void {
    if (observation.kind !== 'applied' || observation.replica.group === METADATA_GROUP) return;
    this.#applied(observation);
  }

  #applied({ replica: { group }, commands, results }: ObservationOf<'applied'>): void {
    let looked = this.#looked.get(group) ?? 0;
    for (const [at, { index, term, data }] of commands.entries()) {
      const result = results[at];
      if (index <= looked || result === undefined) continue;
      looked = index;
      this.#looked.set(group, looked);
      const command = this.#taken(group, data, result);
      const answer = result[0] === APPLIED ? answerOf(result.subarray(1)) : undefined;
      if (command === undefined || answer === undefined) continue;
      this.#execute(command, { group, index, term, command: data, ...answer, at: this.#now() });
    }
  }

  /** The command that an entry carries out; undefined where it carries out none: a session's own business, a repetition, a refusal. */
  #taken(group: number, data: Uint8Array, result: Uint8Array): Command | undefined {
    const envelope = envelopeOf(data);
    if (envelope?.kind === 'bare') return result[0] === APPLIED ? decodeCommand(envelope.command) : undefined;
    if (envelope?.kind !== 'command' || result[0] !== APPLIED) return undefined;
    const key = sessionCommandKey(group, envelope);
    if (this.#ofSessions.has(key)) return undefined;
    this.#ofSessions.add(key);
    return decodeCommand(envelope.command);
  }

  #execute(command: Command, applied: Applied): void {
    const { group, index, answer, revision } = applied;
    if (answer.kind === 'compact' || command.operation.kind === 'compact') return;
    const store = this.store(group);
    const expected = store.execute(command.operation);
    if (revision !== store.revision || !isSameAnswer(answer, expected)) {
      const told = `revision ${revision}, ${describe(answer)}`;
      violated(
        'reference-store',
        `command ${index} of group ${group} answered ${told}; it computes revision ${store.revision}, ${describe(expected)}`,
      );
    }
    const operation = operationOf(command);
    if (operation === undefined) return;
    const before = this.#operations.get(operation);
    if (before !== undefined) {
      violated(
        'applied-once',
        `operation ${operation} was applied as command ${before.index} of group ${before.group}, and again as ${index} of ${group}`,
      );
    }
    this.#operations.set(operation, { ...applied, answer });
  }
}

type Applied = Omit<AppliedOperation, 'answer'> & CommandAnswer;

function answerOf(bytes: Uint8Array): CommandAnswer | undefined {
  return bytes.length === 0 || errorOfAnswer(bytes) !== undefined ? undefined : decodeAnswer(bytes);
}

function isSameAnswer(left: OperationAnswer, right: OperationAnswer): boolean {
  switch (left.kind) {
    case 'put':
      return right.kind === 'put' && isSameMaybe(left.prevKv, right.prevKv);
    case 'deleteRange':
      return right.kind === 'deleteRange' && left.deleted === right.deleted && areSame(left.prevKvs, right.prevKvs);
    case 'range':
      return right.kind === 'range' && left.count === right.count && areSame(left.kvs, right.kvs);
    case 'txn':
      return (
        right.kind === 'txn' &&
        left.succeeded === right.succeeded &&
        left.answers.length === right.answers.length &&
        left.answers.every((answer, at) => isSameAnswer(answer, right.answers[at] as OperationAnswer))
      );
  }
}

function isSameMaybe(left: KeyValue | undefined, right: KeyValue | undefined): boolean {
  return left === undefined || right === undefined ? left === right : isSamePair(left, right);
}

function areSame(left: readonly KeyValue[], right: readonly KeyValue[]): boolean {
  return left.length === right.length && left.every((pair, at) => isSameMaybe(pair, right[at]));
}

function describe(answer: OperationAnswer): string {
  switch (answer.kind) {
    case 'put':
      return `put after ${answer.prevKv?.modRevision ?? 'nothing'}`;
    case 'deleteRange':
      return `${answer.deleted} deleted`;
    case 'range':
      return `${answer.count} pairs of ${answer.kvs.map(({ modRevision }) => modRevision).join(' ')}`;
    case 'txn':
      return `${answer.succeeded ? 'succeeded' : 'failed'} [${answer.answers.map(describe).join('; ')}]`;
  }
}
