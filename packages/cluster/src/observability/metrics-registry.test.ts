import { describe, expect, test } from 'vitest';
import { MetricsRegistry, SERIES_MAX } from './metrics-registry.js';

describe('metrics registry', () => {
  test('families come in order of name, with values of the moment', () => {
    const registry = new MetricsRegistry();
    let turns = 1;
    registry.single('counter', 'flotilla_loop_iterations_total', 'Turns taken.', () => turns);
    registry.register('gauge', 'flotilla_groups', 'Groups by role.', () => [{ labels: { role: 'leader' }, value: 2 }]);
    turns = 7;
    expect([...registry]).toEqual([
      {
        name: 'flotilla_groups',
        help: 'Groups by role.',
        type: 'gauge',
        samples: [{ labels: { role: 'leader' }, value: 2 }],
      },
      {
        name: 'flotilla_loop_iterations_total',
        help: 'Turns taken.',
        type: 'counter',
        samples: [{ labels: {}, value: 7 }],
      },
    ]);
  });

  test('a name registered again keeps its family and reads from the new part', () => {
    const registry = new MetricsRegistry();
    registry.single('gauge', 'flotilla_up', 'Up.', () => 0);
    registry.single('gauge', 'flotilla_up', 'Up.', () => 1);
    expect([...registry].map((family) => family.samples[0]?.value)).toEqual([1]);
  });

  test('names that a scrape could not read are refused', () => {
    const registry = new MetricsRegistry();
    for (const name of ['Up', 'a-b', '', '1a']) {
      expect(() => registry.single('gauge', name, '', () => 0)).toThrow(/InvalidArgument/);
    }
    expect(() => registry.single('counter', 'flotilla_turns', '', () => 0)).toThrow(/InvalidArgument/);
    registry.single('gauge', 'flotilla_turns', '', () => 0);
    expect(() => registry.single('gauge', 'flotilla_turns_total', '', () => 0)).toThrow(/InvalidArgument/);
  });

  test('no family grows without bound', () => {
    const registry = new MetricsRegistry();
    const many = Array.from({ length: SERIES_MAX + 5 }, (_, i) => ({ labels: { group: String(i) }, value: i }));
    registry.register('gauge', 'flotilla_terms', 'Terms.', () => many);
    expect([...registry][0]?.samples).toHaveLength(SERIES_MAX);
  });
});
