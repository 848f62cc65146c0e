import { describe, expect, test } from 'vitest';
import {
  anyOf,
  appendList,
  type AppendListInput,
  type AppendListOutput,
  checkLinearizability,
  compareAndSetRegister,
  type CompareAndSetInput,
  type CompareAndSetOutput,
  counter,
  type CounterInput,
  type CounterOutput,
  type History,
  isIndeterminate,
  keyValue,
  type KeyValueInput,
  type KeyValueOutput,
  type Model,
  mutex,
  type MutexInput,
  type MutexOutput,
  type PartitionVerdict,
  PossibleStates,
  queue,
  type QueueInput,
  type QueueOutput,
  register,
  type RegisterInput,
  type RegisterOutput,
  set,
  type SetInput,
  type SetOutput,
} from '../src/index.js';
import { isLinearizableByBruteForce } from './brute-force.js';
import { Dice, randomHistory } from './random-history.js';

interface Subject<State, Input, Output> {
  readonly model: Model<State, Input, Output>;
  readonly input: (dice: Dice, process: number, written: () => number) => Input;
  readonly outputs: (input: Input, dice: Dice) => readonly Output[];
}

const VALUES = [1, 2, 3];

/** Compares verdicts, and what explains them, on thousands of histories; some have each value once, so that both ways are taken. */
function agrees<State, Input, Output>(name: string, { model, input, outputs }: Subject<State, Input, Output>): void {
  test(name, () => {
    const seen = { linearizable: 0, 'not-linearizable': 0, search: 0, 'unique-writes': 0 };
    for (let seed = 1; seed <= 2_500; seed++) {
      const dice = new Dice(seed);
      // Most are so small that everything about them can be tried.
      const isSmall = seed % 8 !== 0;
      const isUnique = dice.percent(50);
      let unique = 0;
      const history = randomHistory(
        {
          model,
          processes: 1 + dice.below(isSmall ? 5 : 6),
          operations: isSmall ? 2 + dice.below(6) : 8 + dice.below(8),
          indeterminate: dice.of([0, 0, 20, 60]),
          mutated: dice.of(isSmall ? [0, 10, 40] : [0, 5]),
          input: (roll, process) => input(roll, process, () => (isUnique ? ++unique : roll.of(VALUES))),
          outputs,
        },
        dice,
      );
      const expected = isLinearizableByBruteForce(model, history) ? 'linearizable' : 'not-linearizable';
      const withUnique = checkLinearizability(model, history, { afterRefutation: 'continue' });
      const { uniqueWrites: _, ...searched } = model;
      const bySearch = checkLinearizability(searched, history, { afterRefutation: 'continue' });
      expect([seed, withUnique.verdict, bySearch.verdict]).toEqual([seed, expected, expected]);
      seen[expected]++;
      for (const verdict of [withUnique, bySearch]) {
        for (const partition of verdict.partitions) {
          seen[partition.method]++;
          explains(model, partition, isSmall, seed);
        }
      }
      // The culprit is the same, whichever way it was found.
      expect([seed, withUnique.partitions.map(({ culprit }) => culprit)]).toEqual([
        seed,
        bySearch.partitions.map(({ culprit }) => culprit),
      ]);
    }
    expect(seen.linearizable).toBeGreaterThan(200);
    expect(seen['not-linearizable']).toBeGreaterThan(200);
    expect(seen.search).toBeGreaterThan(0);
    if (model.uniqueWrites !== undefined) expect(seen['unique-writes']).toBeGreaterThan(500);
  });
}

/** The order is accepted by the model, keeps to real time, and holds all that returned before the culprit; the culprit fits nowhere. */
function explains<State, Input, Output>(
  model: Model<State, Input, Output>,
  { operations, order, culprit, verdict }: PartitionVerdict<Input, Output>,
  isSmall: boolean,
  seed: number,
): void {
  const returnAt = operations.map((operation) => (isIndeterminate(operation) ? Infinity : operation.returnAt));
  const end = culprit === undefined ? Infinity : (returnAt[culprit] ?? Infinity);
  let states: readonly State[] = [model.init];
  let lastCall = -Infinity;
  for (const index of order) {
    const operation = operations[index];
    if (operation === undefined) throw new RangeError('the order names an operation that is not there');
    states = states.flatMap((state) => {
      const after = model.step(state, operation.input, isIndeterminate(operation) ? undefined : operation.output);
      return after === undefined ? [] : after instanceof PossibleStates ? after.states : [after];
    });
    expect([seed, states.length > 0]).toEqual([seed, true]);
    expect([seed, (returnAt[index] ?? 0) >= lastCall]).toEqual([seed, true]);
    lastCall = Math.max(lastCall, operation.callAt);
  }
  const inOrder = new Set(order);
  expect(inOrder.size).toBe(order.length);
  const missing = returnAt.filter((at, index) => at < end && !inOrder.has(index));
  expect([seed, missing]).toEqual([seed, []]);
  expect(culprit === undefined).toBe(verdict === 'linearizable');
  if (culprit === undefined || !isSmall) return;
  // Nothing explains the history up to the culprit's return, what else is pending then being free to take place or not, as it did.
  const prefix = until(operations, end, culprit);
  expect([seed, canExplain(model, operations, prefix.optional, prefix.required)]).toEqual([seed, false]);
}

function until<Input, Output>(operations: History<Input, Output>, end: number, culprit: number) {
  const required: number[] = [];
  const optional: number[] = [];
  for (const [index, operation] of operations.entries()) {
    const isBefore =
      !isIndeterminate(operation) && (operation.returnAt < end || (operation.returnAt === end && index <= culprit));
    if (isBefore) required.push(index);
    else if (operation.callAt <= end) optional.push(index);
  }
  return { required, optional };
}

function canExplain<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: History<Input, Output>,
  optional: readonly number[],
  required: readonly number[],
): boolean {
  const extend = (state: State, left: readonly number[], free: readonly number[]): boolean => {
    if (left.length === 0) return true;
    const returns = left.map((index) => {
      const operation = operations[index];
      return operation === undefined || isIndeterminate(operation) ? Infinity : operation.returnAt;
    });
    const firstReturn = Math.min(...returns);
    return [...left, ...free].some((index) => {
      const operation = operations[index];
      if (operation === undefined || operation.callAt > firstReturn) return false;
      const after = model.step(state, operation.input, isIndeterminate(operation) ? undefined : operation.output);
      if (after === undefined) return false;
      const without = (list: readonly number[]) => list.filter((other) => other !== index);
      return (after instanceof PossibleStates ? after.states : [after]).some((next) =>
        extend(next, without(left), without(free)),
      );
    });
  };
  return extend(model.init, required, optional);
}

describe('verdicts, longest prefixes and culprits are those of a search that tries everything', () => {
  agrees<number | null, RegisterInput<number>, RegisterOutput<number>>('register', {
    model: register<number>(),
    input: (dice, _, written) => (dice.percent(50) ? { type: 'read' } : { type: 'write', value: written() }),
    outputs: ({ type }) => (type === 'write' ? [null] : [null, ...VALUES, 4]),
  });

  agrees<number | null, CompareAndSetInput<number>, CompareAndSetOutput<number>>('compare-and-set register', {
    model: compareAndSetRegister<number>(),
    input(dice, _, written) {
      if (dice.percent(40)) return { type: 'read' };
      if (dice.percent(40)) return { type: 'write', value: written() };
      return { type: 'cas', from: dice.of([null, ...VALUES]), to: written() };
    },
    outputs({ type }, dice) {
      if (type === 'write') return [null];
      return type === 'read' ? [null, ...VALUES, 4] : dice.percent(70) ? [true] : [true, false];
    },
  });

  agrees<string | null, KeyValueInput<string>, KeyValueOutput<string>>('key-value with appends', {
    model: keyValue({ absent: '' }),
    input(dice, _, written) {
      const key = dice.of(['a', 'a', 'b']);
      if (dice.percent(45)) return { type: 'get', key };
      return { type: dice.of(['put', 'append', 'append']), key, value: `<${written()}>` };
    },
    outputs: ({ type }) =>
      type === 'get' ? ['', '<1>', '<2>', '<1><2>', '<2><1>', '<1><2><3>', '<3>', '<3><1>', '<4>'] : [null],
  });

  agrees<string | null, KeyValueInput<string>, KeyValueOutput<string>>('key-value with delete, cas and appends', {
    model: keyValue(),
    input(dice, _, written) {
      const key = dice.of(['a', 'a', 'b']);
      const value = `<${written()}>`;
      switch (dice.below(9)) {
        case 0:
          return { type: 'delete', key };
        case 1:
        case 2:
          return { type: 'cas', key, from: dice.of([null, '<1>', '<1><2>', '<2>']), to: value };
        case 3:
        case 4:
          return { type: dice.of(['put', 'append']), key, value };
        default:
          return { type: 'get', key };
      }
    },
    outputs(input) {
      if (input.type === 'get') return [null, '<1>', '<2>', '<1><2>', '<2><1>', '<2><3>'];
      if (input.type === 'cas') return [true, true, false];
      return input.type === 'delete' ? [null, true, false] : [null];
    },
  });

  agrees<readonly number[], AppendListInput<number>, AppendListOutput<number>>('append list', {
    model: appendList<number>(),
    input: (dice, _, written) => (dice.percent(50) ? { type: 'read' } : { type: 'append', value: written() }),
    outputs({ type }) {
      if (type === 'append') return [null];
      const lists: number[][] = [[]];
      for (const a of VALUES) {
        lists.push([a]);
        for (const b of VALUES) {
          lists.push([a, b]);
          for (const c of VALUES) lists.push([a, b, c]);
        }
      }
      return lists;
    },
  });

  agrees<readonly number[], QueueInput<number>, QueueOutput<number>>('queue', {
    model: queue<number>(),
    input: (dice, _, written) => (dice.percent(50) ? { type: 'dequeue' } : { type: 'enqueue', value: written() }),
    outputs: ({ type }) => (type === 'enqueue' ? [null] : [null, ...VALUES]),
  });

  agrees<number, CounterInput, CounterOutput>('counter', {
    model: counter(),
    input: (dice) =>
      dice.percent(30) ? { type: 'read' } : { type: dice.of(['add', 'add-and-get']), amount: dice.of([1, 1, 2]) },
    outputs: ({ type }) => (type === 'add' ? [null] : [0, 1, 2, 3, 4, 5, 6]),
  });

  agrees<ReadonlySet<number>, SetInput<number>, SetOutput<number>>('set', {
    model: set<number>(),
    input(dice) {
      if (dice.percent(25)) return { type: 'read' };
      return { type: dice.of(['add', 'remove', 'contains']), value: dice.of([1, 2]) };
    },
    outputs({ type }) {
      if (type === 'read') return [[], [1], [2], [2, 1], [1, 2]];
      return type === 'contains' ? [true, false] : [true, false, null];
    },
  });

  agrees<string | number | null, MutexInput, MutexOutput>('mutex', {
    model: mutex(),
    input: (dice, process) => ({ type: dice.of(['acquire', 'release']), owner: process % 3 }),
    outputs: () => [true, true, false],
  });

  // A register that may lose a write: each write leads to its value or to what was there.
  agrees<number | null, RegisterInput<number>, RegisterOutput<number>>('a model with several next states', {
    model: {
      init: null,
      step(state, input, output) {
        if (input.type === 'write') return anyOf([state, input.value]);
        return output === undefined || output === state ? state : undefined;
      },
      readOnly: ({ type }) => type === 'read',
    },
    input: (dice, _, written) => (dice.percent(55) ? { type: 'read' } : { type: 'write', value: written() }),
    outputs: ({ type }) => (type === 'write' ? [null] : [null, ...VALUES]),
  });
});
