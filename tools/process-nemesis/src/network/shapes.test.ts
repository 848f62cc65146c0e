import { Prng } from '@flotilla/runtime/virtual';
import { describe, expect, test } from 'vitest';
import { drawOneWay, drawPartition, isolate, type Shape } from './shapes.js';

const hears = (shape: Shape, places: readonly number[], place: number): number[] =>
  places.filter((other) => other === place || !shape.cut.some(([from, to]) => from === other && to === place));

describe.each([[[0, 1, 2]], [[0, 1, 2, 3, 4]], [[1, 2, 4, 5, 6, 7]]])('among the places %j', (places) => {
  const drawn = (draw: typeof drawPartition): Map<string, Shape> => {
    const shapes = new Map<string, Shape>();
    for (let seed = 0; seed < 300; seed++) {
      const shape = draw(places, places[1], new Prng(seed));
      shapes.set(shape.name, shape);
    }
    return shapes;
  };

  test('a partition cuts both directions, between places that are there, and something', () => {
    for (const { cut } of drawn(drawPartition).values()) {
      expect(cut.length).toBeGreaterThan(0);
      for (const [from, to] of cut) {
        expect(from).not.toBe(to);
        expect(places).toContain(from);
        expect(cut).toContainEqual([to, from]);
      }
    }
  });

  test('every shape is drawn', () => {
    const ring = places.length > 3 ? ['majority-ring'] : [];
    const names = ['bridge', 'halves', 'isolate', 'leader', ...ring, 'pair'];
    expect([...drawn(drawPartition).keys()].toSorted()).toEqual(names);
    expect([...drawn(drawOneWay).keys()].toSorted()).toEqual(['circle', 'deaf', 'mute', 'one-pair']);
  });

  test('an isolated place hears nobody, the others all others', () => {
    const [first = 0, ...others] = places;
    const shape = isolate(places, first);
    expect(hears(shape, places, first)).toEqual([first]);
    for (const other of others) expect(hears(shape, places, other)).toEqual(others);
  });

  test('over a bridge one place hears all, and the halves meet nowhere else', () => {
    const shape = drawn(drawPartition).get('bridge') as Shape;
    const heard = places.map((place) => hears(shape, places, place).length);
    expect(heard.filter((count) => count === places.length)).toHaveLength(1);
  });

  test('in a majority ring everybody hears a majority, and no two the same one', () => {
    const shape = drawn(drawPartition).get('majority-ring');
    if (shape === undefined) return;
    const heard = places.map((place) => hears(shape, places, place).join(' '));
    for (const some of heard) expect(some.split(' ').length).toBeGreaterThan(places.length / 2);
    expect(heard.some((some) => some.split(' ').length < places.length)).toBe(true);
    expect(new Set(heard).size).toBe(places.length);
  });

  test('a one-way cut leaves the opposite direction open', () => {
    const shapes = drawn(drawOneWay);
    for (const name of ['deaf', 'mute', 'one-pair']) {
      const { cut } = shapes.get(name) as Shape;
      expect(cut.length).toBeGreaterThan(0);
      for (const [from, to] of cut) expect(cut).not.toContainEqual([to, from]);
    }
  });
});
