import { describe, expect, test } from 'vitest';
import {
  anyOf,
  checkLinearizability,
  checkLinearizabilityInSlices,
  type CompareAndSetInput,
  compareAndSetRegister,
  type CompareAndSetOutput,
  type History,
  keyValue,
  type KeyValueInput,
  type KeyValueOutput,
  MalformedHistory,
  type Model,
  ModelContradiction,
  register,
  type RegisterInput,
  type RegisterOutput,
  UnusableBudget,
} from '../index.js';

type Register = History<RegisterInput<number>, RegisterOutput<number>>;

const write = (value: number, callAt: number, returnAt: number) =>
  ({ process: value, input: { type: 'write', value }, output: null, callAt, returnAt }) as const;
const read = (output: number | null, callAt: number, returnAt: number) =>
  ({ process: 'r', input: { type: 'read' }, output, callAt, returnAt }) as const;
const lost = (value: number, callAt: number) =>
  ({ process: value, input: { type: 'write', value }, callAt, indeterminate: true }) as const;

const kindOf = (history: Register) => checkLinearizability(register<number>(), history).verdict;

describe('what linearizable means', () => {
  test('a read sees the last write that returned, or one that is under way', () => {
    expect(kindOf([write(1, 0, 1), read(1, 2, 3)])).toBe('linearizable');
    expect(kindOf([write(1, 0, 1), read(null, 2, 3)])).toBe('not-linearizable');
    expect(kindOf([write(1, 0, 9), read(null, 2, 3), read(1, 4, 5)])).toBe('linearizable');
    expect(kindOf([write(1, 0, 9), read(1, 2, 3), read(null, 4, 5)])).toBe('not-linearizable');
  });

  test('intervals are closed: at one instant calls stand before returns', () => {
    expect(kindOf([write(1, 0, 2), read(null, 2, 3)])).toBe('linearizable');
    expect(kindOf([write(1, 0, 2), read(null, 3, 3)])).toBe('not-linearizable');
    expect(kindOf([write(1, 2, 2), read(null, 2, 2), write(2, 2, 2), read(2, 2, 2)])).toBe('linearizable');
  });

  test('an indeterminate operation takes effect at any time after its call, or never', () => {
    expect(kindOf([lost(1, 0), read(null, 1, 2), read(1, 8, 9), read(1, 10, 11)])).toBe('linearizable');
    expect(kindOf([lost(1, 0), read(null, 8, 9)])).toBe('linearizable');
    expect(kindOf([lost(1, 5), read(1, 1, 2)])).toBe('not-linearizable');
    expect(kindOf([lost(1, 0), write(2, 1, 2), read(1, 3, 4), read(2, 5, 6)])).toBe('not-linearizable');
  });

  test('the order of operations in the array means nothing', () => {
    expect(kindOf([read(1, 2, 3), write(1, 0, 1)])).toBe('linearizable');
  });

  test('nothing is linearizable', () => {
    expect(checkLinearizability(register<number>(), [])).toMatchObject({ verdict: 'linearizable', partitions: [] });
  });

  test('a compare-and-set that failed saw another value', () => {
    const history: History<CompareAndSetInput<number>, CompareAndSetOutput<number>> = [
      write(1, 0, 1),
      { process: 2, input: { type: 'cas', from: 1, to: 2 }, output: false, callAt: 2, returnAt: 3 },
    ];
    expect(checkLinearizability(compareAndSetRegister<number>(), history).verdict).toBe('not-linearizable');
  });
});

describe('what explains a verdict', () => {
  test('the longest prefix, and the first operation that cannot follow', () => {
    const history = [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5), read(2, 6, 7)];
    const [partition] = checkLinearizability(register<number>(), history).partitions;
    expect(partition).toMatchObject({ verdict: 'not-linearizable', order: [0, 1], culprit: 2 });
  });

  test('keys are checked alone, and named', () => {
    const history: History<KeyValueInput<string>, KeyValueOutput<string>> = [
      { process: 1, input: { type: 'put', key: 'a', value: '1' }, output: null, callAt: 0, returnAt: 1 },
      { process: 1, input: { type: 'get', key: 'b' }, output: '1', callAt: 2, returnAt: 3 },
      { process: 1, input: { type: 'get', key: 'a' }, output: '1', callAt: 4, returnAt: 5 },
    ];
    const { verdict, partitions } = checkLinearizability(keyValue(), history, { afterRefutation: 'continue' });
    expect(verdict).toBe('not-linearizable');
    expect(partitions.map(({ key, verdict: kind }) => [key, kind])).toEqual([
      ['a', 'linearizable'],
      ['b', 'not-linearizable'],
    ]);
  });

  test('operations of several objects are told apart by their key', () => {
    const history: Register = [
      { ...write(1, 0, 1), key: 'x' },
      { ...read(null, 2, 3), key: 'y' },
    ];
    expect(kindOf(history)).toBe('linearizable');
  });
});

/** So many writes at once that no two of their orders lead to the same, and a read that none of them explains. */
function exploding(key: string, writes: number): History<KeyValueInput<string>, KeyValueOutput<string>> {
  const appends = Array.from({ length: writes }, (_, at) => ({
    process: `${key}${at}`,
    input: { type: 'append', key, value: '+' } as const,
    output: null,
    callAt: at,
    returnAt: 1_000 + at,
  }));
  const puts = Array.from({ length: writes }, (_, at) => ({
    process: `${key}p${at}`,
    input: { type: 'put', key, value: `${at % 7}` } as const,
    output: null,
    callAt: at,
    returnAt: 1_000 + at,
  }));
  return [
    ...appends,
    ...puts,
    { process: key, input: { type: 'get', key }, output: 'never', callAt: 2_000, returnAt: 2_001 },
  ];
}

const refutedAtOnce: History<KeyValueInput<string>, KeyValueOutput<string>> = [
  { process: 'z', input: { type: 'put', key: 'z', value: '1' }, output: null, callAt: 0, returnAt: 1 },
  { process: 'z', input: { type: 'put', key: 'z', value: '1' }, output: null, callAt: 2, returnAt: 3 },
  { process: 'z', input: { type: 'get', key: 'z' }, output: null, callAt: 4, returnAt: 5 },
];

describe('budgets', () => {
  const hard = [...exploding('a', 20), ...exploding('b', 20)];

  test('what runs out of steps, configurations or time is unknown, and says why', () => {
    const reasons = (options: Parameters<typeof checkLinearizability>[2]) =>
      checkLinearizability(keyValue(), hard, options).partitions.map(({ verdict, reason }) => [verdict, reason]);
    expect(reasons({ budget: { steps: 10_000 } })).toEqual([
      ['unknown', 'steps'],
      ['unknown', 'steps'],
    ]);
    expect(reasons({ budget: { configurations: 2_000 } })).toEqual([
      ['unknown', 'configurations'],
      ['unknown', 'configurations'],
    ]);
    let time = 0;
    expect(reasons({ budget: { milliseconds: 20 }, now: () => time++ })).toEqual([
      ['unknown', 'time'],
      ['unknown', 'time'],
    ]);
  });

  test('memory stays within the budget of configurations', () => {
    const { configurations } = checkLinearizability(keyValue(), hard, { budget: { configurations: 2_000 } });
    // One that was given up leaves its share to the other.
    expect(configurations).toBeLessThanOrEqual(3_002);
  });

  test('a key that is refuted at once is refuted at once while others explode', () => {
    const { verdict, partitions, steps } = checkLinearizability(keyValue(), [...hard, ...refutedAtOnce]);
    expect(verdict).toBe('not-linearizable');
    expect(partitions.map(({ verdict: kind, reason }) => [kind, reason])).toEqual([
      ['unknown', 'refuted-elsewhere'],
      ['unknown', 'refuted-elsewhere'],
      ['not-linearizable', undefined],
    ]);
    expect(steps).toBeLessThan(2_000);
  });

  test('an unusable budget is refused', () => {
    expect(() => checkLinearizability(keyValue(), [], { budget: { steps: 0 } })).toThrow(UnusableBudget);
    expect(() => checkLinearizability(keyValue(), [], { budget: { milliseconds: 5 } })).toThrow('needs a clock');
  });
});

describe('in slices', () => {
  const hard = exploding('a', 20);

  test('gives the same verdict, with pauses', async () => {
    let pauses = 0;
    const options = { budget: { steps: 200_000 }, pause: async () => void pauses++ };
    const verdict = await checkLinearizabilityInSlices(keyValue(), hard, options);
    expect(verdict).toEqual(checkLinearizability(keyValue(), hard, { budget: { steps: 200_000 } }));
    expect(pauses).toBeGreaterThan(5);
  });

  test('ends when it is aborted, with what is known by then', async () => {
    const controller = new AbortController();
    let pauses = 0;
    const pause = async () => {
      if (++pauses === 3) controller.abort();
    };
    const { verdict, partitions } = await checkLinearizabilityInSlices(keyValue(), hard, {
      pause,
      signal: controller.signal,
    });
    expect(verdict).toBe('unknown');
    expect(partitions).toMatchObject([{ reason: 'aborted' }]);
  });
});

describe('models', () => {
  test('states may be compared as the model says', () => {
    interface Box {
      readonly value: number;
      readonly noise: number;
    }
    let noise = 0;
    const model: Model<Box, 'flip' | 'read', number> = {
      init: { value: 0, noise: 0 },
      step(state, input, output) {
        const value = input === 'flip' ? 1 - state.value : state.value;
        return output === undefined || output === value ? { value, noise: noise++ } : undefined;
      },
      equal: (left, right) => left.value === right.value,
      hash: ({ value }) => value,
    };
    const flips: History<'flip' | 'read', number> = Array.from({ length: 30 }, (_, at) => ({
      process: at,
      input: 'flip' as const,
      callAt: 0,
      indeterminate: true as const,
    }));
    const reads: History<'flip' | 'read', number> = Array.from({ length: 30 }, (_, at) => ({
      process: 'r',
      input: 'read' as const,
      output: at % 2,
      callAt: 1 + 2 * at,
      returnAt: 2 + 2 * at,
    }));
    // Thirty reads need twenty-nine flips, and thirty-two need more than there are.
    expect(checkLinearizability(model, [...flips, ...reads]).verdict).toBe('linearizable');
    const more = [32, 33].map((at) => ({
      process: 'r',
      input: 'read' as const,
      output: at % 2,
      callAt: 1 + 2 * at,
      returnAt: 2 + 2 * at,
    }));
    expect(checkLinearizability(model, [...flips, ...reads, ...more]).verdict).toBe('not-linearizable');
  });

  test('an operation may lead to several states', () => {
    const coin: Model<string, 'toss' | 'look', string> = {
      init: 'none',
      step: (state, input, output) => {
        if (input === 'toss') return anyOf(['heads', 'tails']);
        return output === undefined || output === state ? state : undefined;
      },
    };
    const look = (output: string, at: number) =>
      ({ process: 1, input: 'look', output, callAt: at, returnAt: at }) as const;
    const toss = { process: 2, input: 'toss', output: 'ok', callAt: 1, returnAt: 1 } as const;
    expect(checkLinearizability(coin, [toss, look('tails', 2), look('tails', 3)]).verdict).toBe('linearizable');
    expect(checkLinearizability(coin, [toss, look('tails', 2), look('heads', 3)]).verdict).toBe('not-linearizable');
  });

  test('a read-only operation that changes the state is found out', () => {
    const model: Model<number, null, null> = { init: 0, step: (state) => state + 1, readOnly: () => true };
    const history = [{ process: 1, input: null, output: null, callAt: 0, returnAt: 1 }];
    expect(() => checkLinearizability(model, history)).toThrow(ModelContradiction);
  });
});

test.each([
  [[read(1, Number.NaN, 2)], 'callAt is NaN'],
  [[read(1, 3, 2)], 'before its call'],
  [[read(1, 3, Number.POSITIVE_INFINITY)], 'returnAt is Infinity'],
  [[{ ...read(1, 0, 1), output: undefined as unknown as number }], 'output is undefined'],
])('a history that makes no sense is refused: %#', (history, message) => {
  expect(() => checkLinearizability(register<number>(), history)).toThrow(MalformedHistory);
  expect(() => checkLinearizability(register<number>(), history)).toThrow(message);
});
