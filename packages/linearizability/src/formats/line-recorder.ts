import type { History } from '../history/operation.js';
import { HistoryRecorder, type OpenCall } from '../history/recorder.js';
import { MalformedFile } from './malformed-file.js';

interface CalledLine<Input> {
  readonly call: OpenCall;
  readonly input: Input;
}

/** Records a file of calls and returns, one event a line, in the order of its lines. */
export class LineRecorder<Input, Output> {
  readonly #recorder = new HistoryRecorder<Input, Output>();
  readonly #open = new Map<number, CalledLine<Input>>();

  /** @throws {MalformedFile} when the process has a call open. */
  invoke(line: number, process: number, input: Input): void {
    if (this.#open.has(process)) throw new MalformedFile(line, `process ${process} calls while its last call is open`);
    this.#open.set(process, { call: this.#recorder.invoke(process, input), input });
  }

  /** What the process has called, if that is still open. @throws {MalformedFile} */
  called(line: number, process: number): Input {
    const open = this.#open.get(process);
    if (open === undefined) throw new MalformedFile(line, `process ${process} ends a call that is not open`);
    return open.input;
  }

  /** Ends the process's open call. */
  end(process: number, outcome: { readonly output: Output } | 'fail' | 'info'): void {
    const open = this.#open.get(process);
    if (open === undefined) return;
    this.#open.delete(process);
    if (outcome === 'fail') this.#recorder.fail(open.call);
    else if (outcome === 'info') this.#recorder.info(open.call);
    else this.#recorder.ok(open.call, outcome.output);
  }

  /** @throws {MalformedFile} when no line was a call. */
  history(): History<Input, Output> {
    if (this.#recorder.count === 0) throw new MalformedFile(0, 'there is no call in it');
    return this.#recorder.history();
  }
}
