import type { History, Operation } from '../src/history/operation.js';
import { type Model, PossibleStates } from '../src/model/model.js';

/** Numbers from a seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 up to `end`, which is not included. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  /** True so many times in a hundred. */
  percent(chance: number): boolean {
    return this.below(100) < chance;
  }

  /** One of them. */
  of<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('there are none');
    return item;
  }
}

/** What a generated history is like. */
export interface RandomHistory<State, Input, Output> {
  readonly model: Model<State, Input, Output>;
  readonly processes: number;
  readonly operations: number;
  /** In a hundred: operations that never return. */
  readonly indeterminate: number;
  /** In a hundred: answers that are replaced by another one that the object might give. */
  readonly mutated: number;
  readonly input: (dice: Dice, process: number) => Input;
  /** All answers that might be given to an input. */
  readonly outputs: (input: Input, dice: Dice) => readonly Output[];
}

interface Client<Input, Output> {
  readonly process: number;
  call:
    | { readonly input: Input; readonly callAt: number; effect: 'none' | 'done'; output: Output | undefined }
    | undefined;
}

/** Runs clients of a real object that takes each operation's effect at an instant of its own, then spoils some answers. */
export function randomHistory<State, Input, Output>(
  { model, processes, operations, indeterminate, mutated, input, outputs }: RandomHistory<State, Input, Output>,
  dice: Dice,
): History<Input, Output> {
  const states = new Map<string | undefined, State>();
  const history: Operation<Input, Output>[] = [];
  const clients: Client<Input, Output>[] = Array.from({ length: processes }, (_, process) => ({
    process,
    call: undefined,
  }));
  let begun = 0;
  // Coarse, so that events share instants.
  let clock = 0;
  for (let steps = 0; steps < operations * 40; steps++) {
    if (dice.percent(60)) clock++;
    const client = dice.of(clients);
    const { call, process } = client;
    if (call === undefined) {
      if (begun >= operations) continue;
      begun++;
      client.call = { input: input(dice, process), callAt: clock, effect: 'none', output: undefined };
    } else if (call.effect === 'none') {
      if (dice.percent(indeterminate / 2)) {
        history.push({ process, input: call.input, callAt: call.callAt, indeterminate: true });
        client.call = undefined;
        continue;
      }
      const part = model.partition?.(call.input);
      const state = states.get(part) ?? model.init;
      const possible = outputs(call.input, dice).flatMap((output) => {
        const after = model.step(state, call.input, output);
        if (after === undefined) return [];
        return (after instanceof PossibleStates ? after.states : [after]).map((next) => ({ next, output }));
      });
      if (possible.length === 0) continue;
      const taken = dice.of(possible);
      states.set(part, taken.next);
      call.effect = 'done';
      call.output = taken.output;
    } else {
      client.call = undefined;
      if (dice.percent(indeterminate / 2) || call.output === undefined) {
        history.push({ process, input: call.input, callAt: call.callAt, indeterminate: true });
        continue;
      }
      const output = dice.percent(mutated) ? dice.of(outputs(call.input, dice)) : call.output;
      history.push({ process, input: call.input, output, callAt: call.callAt, returnAt: clock });
    }
  }
  for (const { call, process } of clients) {
    if (call !== undefined) history.push({ process, input: call.input, callAt: call.callAt, indeterminate: true });
  }
  return history;
}
