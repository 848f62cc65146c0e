import { MalformedHistory } from './malformed-history.js';
import type { History, Operation } from './operation.js';

/** A call that was begun. */
export interface OpenCall {
  readonly process: string | number;
}

/** How a recorder tells the time, and whose history it writes. */
export interface RecorderOptions {
  /** A monotonic clock in any unit. Without one, each event is an instant after the one before, in the order in which they are recorded. */
  readonly now?: () => number;
}

interface Recorded<Input, Output> extends OpenCall {
  readonly position: number;
  readonly key: string | undefined;
  readonly input: Input;
  readonly callAt: number;
  outcome: { readonly output: Output; readonly returnAt: number } | 'open' | 'unknown' | 'never';
}

/**
 * Writes down a history while it happens. Call `invoke` before the request leaves and one of `ok`, `fail`, `info` after the answer came: an
 * interval that is wider than the real one hides violations, a narrower one invents them.
 */
export class HistoryRecorder<Input, Output> {
  readonly #now: () => number;
  readonly #calls: Recorded<Input, Output>[] = [];
  readonly #open = new Map<string | number, Recorded<Input, Output>>();

  constructor({ now }: RecorderOptions = {}) {
    let instant = 0;
    this.#now = now ?? (() => instant++);
  }

  /** Calls begun so far, those that failed included. */
  get count(): number {
    return this.#calls.length;
  }

  /**
   * A process calls. `key` names the object, where there are several.
   * @throws {MalformedHistory} when the process has a call open: a process is sequential, concurrent calls need processes of their own.
   */
  invoke(process: string | number, input: Input, key?: string): OpenCall {
    if (this.#open.has(process)) throw new MalformedHistory(`process ${process} calls while its last call is open`);
    const position = this.#calls.length;
    const call: Recorded<Input, Output> = { process, position, key, input, callAt: this.#now(), outcome: 'open' };
    this.#calls.push(call);
    this.#open.set(process, call);
    return call;
  }

  /** The answer came. @throws {MalformedHistory} when the call is not open. */
  ok(call: OpenCall, output: Output): void {
    this.#close(call).outcome = { output, returnAt: this.#now() };
  }

  /** It definitely did not take effect and never will. @throws {MalformedHistory} when the call is not open. */
  fail(call: OpenCall): void {
    this.#close(call).outcome = 'never';
  }

  /** Nobody knows: time-out, connection lost, any error that is not definite. @throws {MalformedHistory} when the call is not open. */
  info(call: OpenCall): void {
    this.#close(call).outcome = 'unknown';
  }

  /** What was recorded until now, in the order of calls; calls that are still open are indeterminate. */
  history(): History<Input, Output> {
    const operations: Operation<Input, Output>[] = [];
    for (const { process, key, input, callAt, outcome } of this.#calls) {
      if (outcome === 'never') continue;
      const call = { process, ...(key === undefined ? {} : { key }), input, callAt };
      operations.push(typeof outcome === 'string' ? { ...call, indeterminate: true } : { ...call, ...outcome });
    }
    return operations;
  }

  #close(call: OpenCall): Recorded<Input, Output> {
    const open = this.#open.get(call.process);
    if (open !== call) throw new MalformedHistory(`process ${call.process} ends a call that is not open`);
    this.#open.delete(call.process);
    return open;
  }
}
