import type { FlotillaError } from '@flotilla/errors';
import type { History, KeyValueInput, KeyValueOutput, Operation } from '@flotilla/linearizability';
import { violated } from '../invariants/invariant.js';
import type { AppliedCommands, AppliedOperation } from './applied-commands.js';

/** What clients ask, in the words of the checker's model. */
export type ClientInput = KeyValueInput<string>;
/** What they are answered. */
export type ClientOutput = KeyValueOutput<string>;

/** An operation that a client began. */
export interface ClientOperation {
  /** Unique in the run; what is written says so. */
  readonly number: number;
  readonly process: string;
  readonly input: ClientInput;
  readonly callAt: number;
  /** `unmarked`: a write that the log does not tell from others. */
  readonly kind: 'read' | 'write' | 'unmarked';
  outcome: ClientOutcome;
}

/**
 * `definite`: the client was told that nothing was done and nothing will be. `unknown`: it was told that nobody knows.
 */
export type ClientOutcome =
  | { readonly kind: 'open' | 'definite' | 'unknown' }
  | { readonly kind: 'ok'; readonly output: ClientOutput; readonly returnAt: number };

/** How many operations had which outcome. */
export interface OutcomeCounts {
  readonly ok: number;
  readonly definite: number;
  readonly unknown: number;
}

/**
 * All that clients of the key-value store asked and were told, at the instants at which they did and were: each event has one of its own, so
 * that what happened at the same virtual time still has its order.
 */
export class ClientHistory {
  readonly #operations: ClientOperation[] = [];
  #instant = 0;
  #number = 0;

  /** An instant after all before. */
  now(): number {
    return ++this.#instant;
  }

  /** A number that no operation has. */
  nextNumber(): number {
    return ++this.#number;
  }

  get operations(): readonly ClientOperation[] {
    return this.#operations;
  }

  /** A client calls. Before the request leaves. */
  begin(process: string, number: number, input: ClientInput, kind: ClientOperation['kind']): ClientOperation {
    const outcome: ClientOutcome = { kind: 'open' };
    const operation: ClientOperation = { number, process, input, callAt: this.now(), kind, outcome };
    this.#operations.push(operation);
    return operation;
  }

  /** Its answer came. */
  answered(operation: ClientOperation, output: ClientOutput): void {
    operation.outcome = { kind: 'ok', output, returnAt: this.now() };
  }

  /** A read that came along with another operation, which began at `callAt`. */
  sawAside(process: string, input: ClientInput, output: ClientOutput, callAt: number): void {
    const outcome: ClientOutcome = { kind: 'ok', output, returnAt: this.now() };
    this.#operations.push({ number: this.nextNumber(), process, input, callAt, kind: 'read', outcome });
  }

  /** It failed. */
  failed(operation: ClientOperation, { outcome }: FlotillaError): void {
    operation.outcome = { kind: outcome };
  }

  get counts(): OutcomeCounts {
    const counts = { ok: 0, definite: 0, unknown: 0, open: 0 };
    for (const { outcome } of this.#operations) counts[outcome.kind]++;
    return counts;
  }

  /**
   * What the checker is to explain. Of a write with an unknown outcome the logs tell, once the cluster is at rest, whether it was applied: if
   * it was, it took effect before a replica was seen to apply it; else it never will. Only writes that the logs cannot tell from others stay
   * indeterminate.
   * @throws {InvariantViolation} when a failure that was said to be definite was applied
   */
  settled(applied: AppliedCommands): History<ClientInput, ClientOutput> {
    const history: Operation<ClientInput, ClientOutput>[] = [];
    for (const operation of this.#operations) {
      const { process, input, callAt, outcome, number, kind } = operation;
      if (outcome.kind === 'ok') {
        history.push({ process, input, callAt, output: outcome.output, returnAt: outcome.returnAt });
        continue;
      }
      if (kind === 'read') continue;
      if (kind === 'unmarked') {
        if (outcome.kind !== 'definite') history.push({ process, input, callAt, indeterminate: true });
        continue;
      }
      const done = applied.find(number);
      if (done === undefined) continue;
      if (outcome.kind === 'definite') {
        violated(
          'definite-failure',
          `operation ${number} of ${process} was said to have failed for certain, and is command ${done.index} of group ${done.group}`,
        );
      }
      history.push({ process, input, callAt, output: outputOf(input, done), returnAt: done.at });
    }
    return history;
  }
}

/** What a client would have been answered. */
export function outputOf(input: ClientInput, { answer }: AppliedOperation): ClientOutput {
  if (input.type === 'cas') return answer.kind === 'txn' && answer.succeeded;
  if (input.type !== 'delete') return null;
  const [first] = answer.kind === 'txn' ? answer.answers : [answer];
  return first?.kind === 'deleteRange' && first.deleted > 0;
}
