import { type History, isIndeterminate } from '../history/operation.js';
import { Interner } from '../model/interner.js';
import { type Model, ModelContradiction } from '../model/model.js';
import { timelineOf } from './timeline.js';
import { IMPOSSIBLE, Transitions } from './transitions.js';
import { VisitedConfigurations } from './visited.js';

const NONE = -1;

/** How far a search has come: `running` when it was given too few steps or configurations to end. */
export type SearchStatus = 'running' | 'linearizable' | 'not-linearizable';

/** How a history can be explained, as far as it can. Operations are indexes of the history. */
export interface Explanation {
  /** Operations in an order that the model accepts and that keeps to real time: all that returned before the culprit did, and some more. */
  readonly order: readonly number[];
  /** The operation at whose return no order is left; absent when nothing was refuted. */
  readonly culprit?: number;
}

/**
 * The search of Wing and Gong with Lowe's cache, for one partition: it linearizes operations one after the other, any that was called before
 * the first return that is still to be passed, remembers each configuration that it was at, and goes back when that return cannot be passed.
 * A configuration is kept small: the first return, what is linearized ahead of it, the state; all else follows from these.
 *
 * What it need not try (each keeps a configuration from which the rest can be linearized, if there was one):
 * - A read-only operation whose answer fits is linearized at once: it is in nobody's way.
 * - Of two operations with the same input and output, the one that was called and returned first goes first.
 * - An indeterminate operation that would change nothing, or that uses up what another configuration still has.
 */
export class LinearizationSearch<State, Input, Output> {
  readonly #transitions: Transitions<State, Input, Output>;
  readonly #count: number;
  readonly #class: Int32Array;
  readonly #isRequired: Uint8Array;
  readonly #isReadOnly: Uint8Array;
  readonly #call: Int32Array;
  readonly #returnPosition: Int32Array;
  readonly #returns: Int32Array;
  /** An operation that must go first, `NONE` if there is none. */
  readonly #twin: Int32Array;
  /** Bit of each operation: of a required one while it is pending, of an indeterminate one for good. */
  readonly #bit: Int32Array;
  readonly #required: Int32Array;
  readonly #indeterminate: Int32Array;
  readonly #isDone: Uint8Array;
  // Three lists of operations that are not linearized, by call, linked through the array; their heads stand after the operations.
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #reads: number;
  readonly #writes: number;
  readonly #maybes: number;
  // What is linearized, and for each the first return before it was.
  readonly #order: Int32Array;
  readonly #firstReturnBefore: Int32Array;
  #linearized = 0;
  // For each choice that can be taken back: where it starts in the order, the state before, which branch of a step.
  readonly #frameStart: Int32Array;
  readonly #frameState: Int32Array;
  readonly #frameBranch: Int32Array;
  #frames = 0;
  readonly #visited: VisitedConfigurations;
  #firstReturn = 0;
  #state: number;
  #candidate: number;
  #branch = 0;
  #steps = 0;
  #status: SearchStatus = 'running';
  // The longest explanation so far: how many of its operations are also in the order as it stands.
  readonly #longest: Int32Array;
  #longestLength = 0;
  #longestShared = 0;
  #longestFirstReturn = NONE;

  constructor(model: Model<State, Input, Output>, history: History<Input, Output>) {
    const count = history.length;
    const timeline = timelineOf(history);
    this.#count = count;
    this.#call = timeline.call;
    this.#returnPosition = timeline.return;
    this.#returns = timeline.returns;
    this.#class = new Int32Array(count);
    this.#isRequired = new Uint8Array(count);
    this.#isReadOnly = new Uint8Array(count);
    const inputs: Input[] = [];
    const outputs: (Output | undefined)[] = [];
    const classes = new Interner<readonly [Input, Output | undefined]>();
    for (const [index, operation] of history.entries()) {
      const output = isIndeterminate(operation) ? undefined : operation.output;
      const operationClass = classes.number([operation.input, output]);
      if (operationClass === inputs.length) {
        inputs.push(operation.input);
        outputs.push(output);
      }
      this.#class[index] = operationClass;
      this.#isRequired[index] = isIndeterminate(operation) ? 0 : 1;
      this.#isReadOnly[index] = model.readOnly?.(operation.input, output) === true ? 1 : 0;
    }
    this.#transitions = new Transitions(model, inputs, outputs);
    this.#state = this.#transitions.initial;

    this.#reads = count;
    this.#writes = count + 1;
    this.#maybes = count + 2;
    this.#next = new Int32Array(count + 3);
    this.#previous = new Int32Array(count + 3);
    for (let head = count; head < count + 3; head++) this.#next[head] = this.#previous[head] = head;
    this.#isDone = new Uint8Array(count);
    this.#twin = new Int32Array(count).fill(NONE);
    this.#bit = new Int32Array(count);
    const { pendingMax, maybes } = this.#layOut(timeline.calls, inputs.length);
    this.#required = new Int32Array((pendingMax + 31) >>> 5);
    this.#indeterminate = new Int32Array((maybes + 31) >>> 5);
    this.#visited = new VisitedConfigurations(this.#required.length, this.#indeterminate.length);

    this.#order = new Int32Array(count);
    this.#firstReturnBefore = new Int32Array(count);
    this.#frameStart = new Int32Array(count + 1);
    this.#frameState = new Int32Array(count + 1);
    this.#frameBranch = new Int32Array(count + 1);
    this.#longest = new Int32Array(count);

    this.#linearizeReads();
    this.#candidate = this.#candidateAfter(this.#writes);
  }

  /** Steps of the model that were tried. */
  get steps(): number {
    return this.#steps;
  }

  /** Configurations in memory. */
  get configurations(): number {
    return this.#visited.count;
  }

  get status(): SearchStatus {
    return this.#status;
  }

  /** Goes on for at most `steps` more steps, and until `configurations` are in memory. */
  run(steps: number, configurations: number): SearchStatus {
    const end = this.#steps + steps;
    while (this.#status === 'running' && this.#steps < end && this.#visited.count < configurations) {
      if (this.#firstReturn === this.#returns.length) this.#status = 'linearizable';
      else if (this.#candidate === NONE) {
        if (!this.#goBack()) this.#status = 'not-linearizable';
      } else this.#tryCandidate();
    }
    return this.#status;
  }

  /** The best that was found until now. */
  explanation(): Explanation {
    this.#keepLongest();
    const order = Array.from(this.#longest.subarray(0, this.#longestLength));
    if (this.#status !== 'not-linearizable') return { order };
    return { order, culprit: this.#returns[this.#longestFirstReturn] as number };
  }

  /** Fills the lists, gives bits to operations and finds twins. */
  #layOut(calls: Int32Array, classes: number): { readonly pendingMax: number; readonly maybes: number } {
    const free: number[] = [];
    const lastRequired = new Int32Array(classes).fill(NONE);
    const lastMaybe = new Int32Array(classes).fill(NONE);
    let pendingMax = 0;
    let maybes = 0;
    let returned = 0;
    for (let place = 0; place < this.#count; place++) {
      const operation = calls[place] as number;
      const operationClass = this.#class[operation] as number;
      for (; returned < this.#returns.length; returned++) {
        const over = this.#returns[returned] as number;
        if ((this.#returnPosition[over] as number) > (this.#call[operation] as number)) break;
        free.push(this.#bit[over] as number);
      }
      if (this.#isRequired[operation] === 0) {
        // Whether an operation that changes nothing took place, nobody need know.
        if (this.#isReadOnly[operation] === 1) continue;
        this.#bit[operation] = maybes++;
        this.#twin[operation] = lastMaybe[operationClass] as number;
        lastMaybe[operationClass] = operation;
        this.#insertLast(operation, this.#maybes);
        continue;
      }
      this.#bit[operation] = free.pop() ?? pendingMax++;
      if (this.#isReadOnly[operation] === 1) {
        this.#insertLast(operation, this.#reads);
        continue;
      }
      const last = lastRequired[operationClass] as number;
      if (last !== NONE && (this.#returnPosition[last] as number) < (this.#returnPosition[operation] as number)) {
        this.#twin[operation] = last;
      }
      lastRequired[operationClass] = operation;
      this.#insertLast(operation, this.#writes);
    }
    return { pendingMax, maybes };
  }

  #insertLast(operation: number, head: number): void {
    const last = this.#previous[head] as number;
    this.#next[last] = operation;
    this.#previous[operation] = last;
    this.#next[operation] = head;
    this.#previous[head] = operation;
  }

  /** The next operation that may be linearized now, after `place` in the list of writes, then in that of indeterminate operations. */
  #candidateAfter(place: number): number {
    if (this.#firstReturn === this.#returns.length) return NONE;
    const end = this.#returnPosition[this.#returns[this.#firstReturn] as number] as number;
    let at = this.#next[place] as number;
    if (place === this.#writes || (place < this.#count && this.#isRequired[place] === 1)) {
      if (at !== this.#writes && (this.#call[at] as number) < end) return at;
      at = this.#next[this.#maybes] as number;
    }
    return at !== this.#maybes && (this.#call[at] as number) < end ? at : NONE;
  }

  #tryCandidate(): void {
    const operation = this.#candidate;
    const twin = this.#twin[operation] as number;
    if (twin !== NONE && this.#isDone[twin] === 0) {
      this.#candidate = this.#candidateAfter(operation);
      return;
    }
    this.#steps++;
    const before = this.#state;
    let next = this.#transitions.next(before, this.#class[operation] as number);
    const branch = this.#branch;
    if (next < IMPOSSIBLE) {
      const branches = this.#transitions.branches(next);
      if (branch < branches.length) {
        next = branches[branch] as number;
        this.#branch++;
      } else {
        next = IMPOSSIBLE;
        this.#branch = 0;
      }
    }
    // One state or none: there is no other branch to come back for.
    const isLastBranch = this.#branch === 0;
    if (next === IMPOSSIBLE || (next === before && this.#isRequired[operation] === 0)) {
      if (isLastBranch) this.#candidate = this.#candidateAfter(operation);
      return;
    }
    const start = this.#linearized;
    this.#linearize(operation);
    this.#state = next;
    this.#linearizeReads();
    if (this.#visited.add(this.#firstReturn, next, this.#required, this.#indeterminate)) {
      this.#frameStart[this.#frames] = start;
      this.#frameState[this.#frames] = before;
      this.#frameBranch[this.#frames] = this.#branch;
      this.#frames++;
      this.#branch = 0;
      this.#candidate = this.#candidateAfter(this.#writes);
      return;
    }
    this.#takeBack(start);
    this.#state = before;
    if (isLastBranch) this.#candidate = this.#candidateAfter(operation);
  }

  /** Takes back the last choice and turns to the one after it; false when there is none left. */
  #goBack(): boolean {
    this.#keepLongest();
    if (this.#frames === 0) return false;
    this.#frames--;
    const start = this.#frameStart[this.#frames] as number;
    const operation = this.#order[start] as number;
    this.#takeBack(start);
    this.#state = this.#frameState[this.#frames] as number;
    this.#branch = this.#frameBranch[this.#frames] as number;
    this.#candidate = this.#branch === 0 ? this.#candidateAfter(operation) : operation;
    return true;
  }

  /** Linearizes each read-only operation whose answer fits the state. */
  #linearizeReads(): void {
    let at = this.#next[this.#reads] as number;
    while (at !== this.#reads && this.#firstReturn < this.#returns.length) {
      const end = this.#returnPosition[this.#returns[this.#firstReturn] as number] as number;
      if ((this.#call[at] as number) > end) return;
      const next = this.#transitions.next(this.#state, this.#class[at] as number);
      this.#steps++;
      if (next === this.#state) this.#linearize(at);
      else if (next !== IMPOSSIBLE) throw new ModelContradiction('a step of a read-only operation changes the state');
      at = this.#next[at] as number;
    }
  }

  #linearize(operation: number): void {
    this.#order[this.#linearized] = operation;
    this.#firstReturnBefore[this.#linearized] = this.#firstReturn;
    this.#linearized++;
    this.#isDone[operation] = 1;
    const previous = this.#previous[operation] as number;
    const next = this.#next[operation] as number;
    this.#next[previous] = next;
    this.#previous[next] = previous;
    const bit = this.#bit[operation] as number;
    if (this.#isRequired[operation] === 0) {
      (this.#indeterminate[bit >>> 5] as number) |= 1 << bit;
      return;
    }
    (this.#required[bit >>> 5] as number) |= 1 << bit;
    // Pass the returns of all that is linearized; their bits are free for operations called later.
    while (this.#firstReturn < this.#returns.length) {
      const returned = this.#returns[this.#firstReturn] as number;
      if (this.#isDone[returned] === 0) break;
      const over = this.#bit[returned] as number;
      (this.#required[over >>> 5] as number) &= ~(1 << over);
      this.#firstReturn++;
    }
  }

  /** Takes operations back until `linearized` are left. */
  #takeBack(linearized: number): void {
    while (this.#linearized > linearized) {
      this.#linearized--;
      const operation = this.#order[this.#linearized] as number;
      const firstReturn = this.#firstReturnBefore[this.#linearized] as number;
      while (this.#firstReturn > firstReturn) {
        this.#firstReturn--;
        const bit = this.#bit[this.#returns[this.#firstReturn] as number] as number;
        (this.#required[bit >>> 5] as number) |= 1 << bit;
      }
      const bit = this.#bit[operation] as number;
      const set = this.#isRequired[operation] === 0 ? this.#indeterminate : this.#required;
      (set[bit >>> 5] as number) &= ~(1 << bit);
      this.#isDone[operation] = 0;
      this.#next[this.#previous[operation] as number] = operation;
      this.#previous[this.#next[operation] as number] = operation;
    }
    if (this.#longestShared > linearized) this.#longestShared = linearized;
  }

  #keepLongest(): void {
    const isLonger =
      this.#firstReturn > this.#longestFirstReturn ||
      (this.#firstReturn === this.#longestFirstReturn && this.#linearized > this.#longestLength);
    if (!isLonger) return;
    this.#longest.set(this.#order.subarray(this.#longestShared, this.#linearized), this.#longestShared);
    this.#longestLength = this.#linearized;
    this.#longestShared = this.#linearized;
    this.#longestFirstReturn = this.#firstReturn;
  }
}
