import { describe, expect, test } from 'vitest';
import { CLOUDFLARE, directedCuts, dutyOf, fiveNodeGraphs, HOWARD_ABRAHAM, type LinkGraph } from './link-graph.js';

const countOf = (graphs: readonly LinkGraph[], duty: string): number =>
  graphs.filter((graph) => dutyOf(graph) === duty).length;

test('three machines have 64 sets of cut directions, each once', () => {
  const graphs = directedCuts();
  expect(new Set(graphs.map(({ name }) => name)).size).toBe(64);
  expect(graphs.map(({ cut }) => cut.length).toSorted((a, b) => a - b)).toEqual(
    [1, 6, 15, 20, 15, 6, 1].flatMap((count, cut) => Array.from({ length: count }, () => cut)),
  );
});

describe('what a graph obliges to', () => {
  test('of three machines two that hear each other must serve; else nobody may lead', () => {
    const graphs = directedCuts();
    // Three pairs of machines, each hears both ways, one way, the other, or not at all: 3^3 leave no pair that hears both ways.
    expect([countOf(graphs, 'serve'), countOf(graphs, 'serve-if-level'), countOf(graphs, 'refuse')]).toEqual([
      37, 0, 27,
    ]);
  });

  test('a ring of one-way links has a path between any two, and nobody who could lead', () => {
    const ring: LinkGraph = {
      name: 'ring',
      nodes: ['n1', 'n2', 'n3'],
      cut: [
        ['n1', 'n3'],
        ['n2', 'n1'],
        ['n3', 'n2'],
      ],
    };
    expect(dutyOf(ring)).toBe('refuse');
  });

  test('five machines need three that all hear each other, or one that two others hear, with level logs', () => {
    expect([dutyOf(HOWARD_ABRAHAM), dutyOf(CLOUDFLARE)]).toEqual(['serve', 'serve']);
    const star = fiveNodeGraphs().find(({ name }) => name === '1-2 1-3 1-4 1-5');
    expect(star && dutyOf(star)).toBe('serve-if-level');
  });
});

test('31 of the 34 shapes of five machines hold a connected majority', () => {
  const graphs = fiveNodeGraphs();
  expect(graphs).toHaveLength(31);
  // Numbers of links: a shape and its complement are counted together, so this is symmetric but for the three that are left out.
  const byLinks = Array.from(
    { length: 11 },
    (_, links) => graphs.filter(({ cut }) => 20 - cut.length === 2 * links).length,
  );
  expect(byLinks).toEqual([0, 0, 1, 4, 6, 6, 6, 4, 2, 1, 1]);
});
