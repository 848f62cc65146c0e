import { describe, expect, test } from 'vitest';
import { runCore } from './core-command.js';
import type { CoreShape } from './core-shape.js';
import { measureCore } from './measure-core.js';
import { median, spread } from './median.js';
import { parseShape, shapeWords } from './parse-shape.js';

const noPeer = () => ({ isMeasured: false, reason: 'no go' }) as const;

function run(words: readonly string[], theirs?: readonly number[]) {
  const lines: string[] = [];
  const shapes: CoreShape[] = [];
  const code = runCore(words, {
    print: (line) => lines.push(line),
    measure: (shape) => {
      shapes.push(shape);
      return [3000, 1000, 2000];
    },
    buildPeer: () =>
      theirs === undefined ? noPeer() : { isMeasured: true, measure: () => theirs, [Symbol.dispose]: () => undefined },
  });
  return { code, lines, shapes, last: lines.at(-1) };
}

describe('bench core', () => {
  test('measures every combination and ends with one line', () => {
    const { code, shapes, last } = run([], [1000]);
    expect(code).toBe(0);
    expect(shapes).toHaveLength(24);
    expect(last).toBe('core: 2000 entries per CPU second at batch 16, 2.00 x etcd/raft 3.6.0');
  });

  test('says where the peer is absent', () => {
    const { lines, last } = run(['--batches', '16']);
    expect(lines[0]).toBe('etcd/raft 3.6.0 is not measured: no go');
    expect(last).toBe('core: 2000 entries per CPU second at batch 16, etcd/raft not measured: no go');
  });

  test('never says a figure of slabs without saying so', () => {
    expect(run(['--payloads', 'slab']).last).toContain('payloads from slabs');
    expect(() => run(['--payloads', 'free'])).toThrow(/payloads/);
  });

  test('refuses numbers that are none', () => {
    expect(() => run(['--batches', '0'])).toThrow(/batches/);
    expect(() => run(['--modes', 'all'])).toThrow(/modes/);
    expect(() => run(['--speed', '9'])).toThrow(/speed/);
  });
});

test.each([
  ['calls', 1],
  ['one', 2],
] as const)('the harness commits and applies on all three nodes, mode %s, %d groups', (mode, groups) => {
  const rates = measureCore({
    mode,
    payload: groups === 1 ? 'own' : 'slab',
    groups,
    batch: 16,
    seconds: 0.01,
    runs: 2,
  });
  expect(rates).toHaveLength(2);
  for (const rate of rates) expect(rate).toBeGreaterThan(0);
});

test('a shape is told to another process by words', () => {
  const shape: CoreShape = { mode: 'one', payload: 'slab', groups: 64, batch: 16, seconds: 0.5, runs: 3 };
  expect(parseShape(shapeWords(shape))).toEqual(shape);
  expect(() => parseShape(['-mode=many'])).toThrow(/mode/);
});

test('median and spread', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(spread([90, 100, 110])).toBe('20 %');
});
