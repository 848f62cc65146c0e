import type { Command } from '@flotilla/cluster';
import { describe, expect, test } from 'vitest';
import { simulate, type SimulateOptions, type SimulationResult, storyText } from './index.js';
import { bytesNumber, Counter, counterSubject } from './testdata/counter.js';

const SHORT: Pick<SimulateOptions, 'faultsMs' | 'workload'> = {
  faultsMs: 8_000,
  workload: { clients: 2, pauseMs: 100 },
};

async function runs(options: SimulateOptions): Promise<SimulationResult[]> {
  const list: SimulationResult[] = [];
  await simulate({ ...options, onRun: (run) => list.push(run) });
  return list;
}

describe('a simulation', () => {
  test('of the same seed is the same run twice, and of another seed another', async () => {
    const seeds = { from: 3, to: 5 };
    const first = await runs({ seeds, ...SHORT });
    const second = await runs({ seeds, ...SHORT });
    expect(first.map(({ violation }) => violation)).toEqual([undefined, undefined, undefined]);
    expect(second.map(({ hash }) => hash)).toEqual(first.map(({ hash }) => hash));
    expect(second.map(({ virtualMs }) => virtualMs)).toEqual(first.map(({ virtualMs }) => virtualMs));
    expect(new Set(first.map(({ hash }) => hash)).size).toBe(3);
  });

  test('of one machine, and of none of the faults, holds too', async () => {
    const [run] = await runs({ seeds: { from: 1, to: 1 }, ...SHORT, nodes: 1, mode: 'safety', faults: [] });
    expect(run?.violation).toBeUndefined();
    expect(run?.counts.size).toBe(0);
    expect(run?.operations).toBeGreaterThan(10);
  });

  test('with fewer actions of its plan is a run of the same seed', async () => {
    const [all] = await runs({ seeds: { from: 4, to: 4 }, ...SHORT });
    const numbers = all?.plan.actions.map(({ number }) => number) ?? [];
    const only = numbers.filter((number) => number % 2 === 0);
    const [some] = await runs({ seeds: { from: 4, to: 4 }, ...SHORT, only });
    expect(some?.plan.actions.map(({ number }) => number)).toEqual(only);
    expect(some?.plan.config).toEqual(all?.plan.config);
    expect(some?.violation).toBeUndefined();
  });

  test.each([
    ['a range that ends before it begins', { seeds: { from: 2, to: 1 } }],
    ['a seed that is no whole number', { seeds: { from: 0.5, to: 1 } }],
    ['a fault that there is not', { seeds: { from: 1, to: 1 }, faults: ['meteor'] }],
    ['no machines', { seeds: { from: 1, to: 1 }, nodes: 0 }],
  ])('is refused %s', async (_, options) => {
    await expect(simulate(options)).rejects.toMatchObject({ code: 'InvalidArgument' });
  });
});

describe('a state machine of one’s own', () => {
  test('holds when it is deterministic', async () => {
    const result = await simulate({
      seeds: { from: 1, to: 4 },
      subject: counterSubject(() => new Counter()),
      ...SHORT,
    });
    expect(result.violations.map(({ violation }) => violation)).toEqual([]);
    expect(result.operations).toBeGreaterThan(100);
  });

  test('that forgets in its snapshot is found, with a story that says which faults it took', async () => {
    class Forgetful extends Counter {
      override async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
        for await (const chunk of chunks) this.total = Math.max(0, bytesNumber(chunk) - 1);
      }
    }
    const result = await simulate({
      seeds: { from: 1, to: 6 },
      subject: counterSubject(() => new Forgetful()),
      minimiseRuns: 8,
      ...SHORT,
    });
    expect(result.violations.length).toBeGreaterThan(0);
    const [found] = result.violations;
    expect(found && storyText(found)).toContain('violated: ');
  });

  test('that applies by chance is found', async () => {
    let applied = 0;
    class Fickle extends Counter {
      override apply(commands: readonly Command[]): readonly Uint8Array[] {
        applied += 1;
        if (applied % 50 === 0) this.total += 1;
        return super.apply(commands);
      }
    }
    const result = await simulate({
      seeds: { from: 1, to: 3 },
      subject: counterSubject(() => new Fickle()),
      minimiseRuns: 0,
      ...SHORT,
    });
    expect(result.violations.length).toBeGreaterThan(0);
  });

  test('that throws is found: its group stops', async () => {
    class Broken extends Counter {
      override apply(commands: readonly Command[]): readonly Uint8Array[] {
        if (this.total > 5) throw new Error('more than I can count');
        return super.apply(commands);
      }
    }
    const result = await simulate({
      seeds: { from: 1, to: 1 },
      subject: counterSubject(() => new Broken()),
      minimiseRuns: 0,
      nodes: 3,
      ...SHORT,
    });
    expect(result.violations[0]?.violation?.message).toContain('more than I can count');
  });
});
