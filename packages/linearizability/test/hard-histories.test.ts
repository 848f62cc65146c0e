import { describe, expect, test } from 'vitest';
import {
  checkLinearizability,
  type History,
  keyValue,
  type KeyValueInput,
  type KeyValueOutput,
  type Operation,
} from '../src/index.js';
import { Dice } from './random-history.js';

type Store = History<KeyValueInput<string>, KeyValueOutput<string>>;

interface Shape {
  readonly clients: number;
  readonly operations: number;
  readonly keys: number;
  /** How many values there are; undefined: each is written once. */
  readonly values?: number;
  /** In a hundred: operations without outcome, half of which took effect. */
  readonly indeterminate?: number;
}

/** All clients of a store are busy all the time: each operation overlaps with about one of every other client. */
function busyStore({ clients, operations, keys, values, indeterminate = 0 }: Shape, seed: number): Store {
  const dice = new Dice(seed);
  const store = new Map<string, string>();
  const history: Operation<KeyValueInput<string>, KeyValueOutput<string>>[] = [];
  const open = new Map<number, { input: KeyValueInput<string>; callAt: number; output?: KeyValueOutput<string> }>();
  const apply = (input: KeyValueInput<string>): KeyValueOutput<string> => {
    const now = store.get(input.key) ?? '';
    if (input.type === 'get') return now;
    if (input.type === 'cas' && input.from !== now) return false;
    if (input.type === 'append') store.set(input.key, now + input.value);
    else if (input.type !== 'delete') store.set(input.key, input.type === 'cas' ? input.to : input.value);
    return input.type === 'cas' ? true : null;
  };
  let begun = 0;
  for (let instant = 0; history.length < operations; instant++) {
    const process = dice.below(clients);
    const call = open.get(process);
    if (call === undefined) {
      if (begun === operations) continue;
      open.set(process, { input: draw(dice, keys, values, ++begun), callAt: instant });
    } else if (call.output === undefined) {
      if (!dice.percent(indeterminate)) {
        call.output = apply(call.input);
        continue;
      }
      if (dice.percent(50)) apply(call.input);
      history.push({ process, input: call.input, callAt: call.callAt, indeterminate: true });
      open.delete(process);
    } else {
      history.push({ process, input: call.input, output: call.output, callAt: call.callAt, returnAt: instant });
      open.delete(process);
    }
  }
  return history;
}

function draw(dice: Dice, keys: number, values: number | undefined, number: number): KeyValueInput<string> {
  const key = String(dice.below(keys));
  const value = () => (values === undefined ? `x ${number} y` : String(dice.below(values)));
  if (dice.percent(values === undefined ? 40 : 50)) return { type: 'get', key };
  if (values === undefined) return { type: dice.of(['put', 'append', 'append']), key, value: value() };
  return dice.percent(60) ? { type: 'put', key, value: value() } : { type: 'cas', key, from: value(), to: value() };
}

/** The history with one answer replaced: the first read of `key` after the middle sees what nobody sees after an early read of the same key. */
function spoiled(history: Store, key: string): Store {
  const reads = history.flatMap((operation, index) =>
    operation.input.type === 'get' && operation.input.key === key && 'output' in operation
      ? [{ operation, index }]
      : [],
  );
  const early = reads[3];
  const late = reads.find(({ operation }, at) => at > reads.length / 2 && operation.output !== early?.operation.output);
  if (early === undefined || late === undefined) throw new RangeError(`there are too few reads of ${key}`);
  return history.with(late.index, { ...late.operation, output: early.operation.output });
}

const model = keyValue({ absent: '' });
const { uniqueWrites: _, ...searched } = model;
const verdictOf = (history: Store, steps: number) => checkLinearizability(model, history, { budget: { steps } });

describe('fifty clients', () => {
  test('values that are written once take no search, with or without a fault', () => {
    for (const indeterminate of [0, 10]) {
      const history = busyStore({ clients: 50, operations: 4_000, keys: 10, indeterminate }, 1);
      expect(verdictOf(history, 1)).toMatchObject({ verdict: 'linearizable', steps: 0 });
      const { verdict, partitions } = verdictOf(spoiled(history, '7'), 1);
      expect(verdict).toBe('not-linearizable');
      expect(partitions.find(({ culprit }) => culprit !== undefined)).toMatchObject({
        key: '7',
        method: 'unique-writes',
      });
    }
  });

  test('without that short cut, keys that explode do not keep a refutation waiting', () => {
    const history = spoiled(busyStore({ clients: 50, operations: 4_000, keys: 10 }, 2), '3');
    // Appends that nobody has read yet stand in any order: the others are far from done by then.
    const { verdict, steps } = checkLinearizability(searched, history, { budget: { steps: 4_000_000 } });
    expect({ verdict, isSoon: steps < 4_000_000 }).toEqual({ verdict: 'not-linearizable', isSoon: true });
  });

  test('few values, many operations without outcome', () => {
    const shape = { clients: 50, operations: 4_000, keys: 10, values: 5, indeterminate: 20 };
    expect(verdictOf(busyStore(shape, 3), 200_000).verdict).toBe('linearizable');
    const { verdict } = verdictOf(busyStore({ ...shape, indeterminate: 2 }, 4), 200_000);
    expect(verdict).toBe('linearizable');
  });

  test('a history of a hundred thousand operations', () => {
    const history = busyStore({ clients: 20, operations: 100_000, keys: 50 }, 5);
    expect(verdictOf(history, 1).verdict).toBe('linearizable');
    expect(verdictOf(spoiled(history, '42'), 1).verdict).toBe('not-linearizable');
  });
});

test('both ways agree on long histories', () => {
  let compared = 0;
  for (let seed = 10; seed < 40; seed++) {
    const shape = { clients: 6, operations: 400, keys: 2, indeterminate: seed % 3 === 0 ? 3 : 0 };
    const legal = busyStore(shape, seed);
    for (const history of [legal, spoiled(legal, '1')]) {
      const options = { afterRefutation: 'continue', budget: { steps: 200_000 } } as const;
      const short = checkLinearizability(model, history, options).partitions;
      const long = checkLinearizability(searched, history, options).partitions;
      for (const [at, { verdict, culprit }] of long.entries()) {
        if (verdict === 'unknown') continue;
        expect([seed, short[at]?.verdict, short[at]?.culprit]).toEqual([seed, verdict, culprit]);
        compared++;
      }
    }
  }
  expect(compared).toBeGreaterThan(100);
});
