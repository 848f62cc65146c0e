import { describe, expect, test } from 'vitest';
import { type GraphOutcome, GraphRun } from './graph-run.js';
import { graphSummary, graphTable } from './graph-table.js';
import { CLOUDFLARE, directedCuts, HOWARD_ABRAHAM, type LinkGraph } from './link-graph.js';

function cutOf(name: string): LinkGraph {
  const graph = directedCuts().find((each) => each.name === name);
  if (graph === undefined) throw new Error(`no such cut: ${name}`);
  return graph;
}

const run = (graph: LinkGraph, leader: string | undefined): Promise<GraphOutcome> =>
  new GraphRun({ graph, leader, seed: 7, watchedMs: 30_000 }).run();

describe('links cut for good', () => {
  test('Howard and Abraham’s graph has one stable leader, whom some cannot hear', { timeout: 60_000 }, async () => {
    const outcome = await run(HOWARD_ABRAHAM, 'n3');
    expect(outcome).toMatchObject({ violation: undefined, served: true, changes: 0 });
  });

  test('the graph of Cloudflare’s outage keeps its leader', { timeout: 60_000 }, async () => {
    const outcome = await run(CLOUDFLARE, 'n5');
    expect(outcome).toMatchObject({ violation: undefined, served: true, changes: 0, settledMs: 0 });
  });

  test('a leader that is heard and does not hear steps down, and another one serves', { timeout: 60_000 }, async () => {
    const outcome = await run(cutOf('n2>n1 n3>n1'), 'n1');
    expect(outcome).toMatchObject({ violation: undefined, served: true, changes: 0 });
    expect(outcome.settledMs).toBeGreaterThan(0);
  });

  test('on a one-way ring nobody leads, and all is well again afterwards', { timeout: 60_000 }, async () => {
    const outcome = await run(cutOf('n1>n3 n2>n1 n3>n2'), undefined);
    expect(outcome).toMatchObject({ violation: undefined, served: false, duty: 'refuse', settledMs: undefined });
  });

  test(
    'without pre-vote and check-quorum the same graph has no rest: the measure can fail',
    { timeout: 60_000 },
    async () => {
      const outcome = await new GraphRun({
        graph: HOWARD_ABRAHAM,
        leader: 'n3',
        seed: 7,
        careful: false,
        watchedMs: 20_000,
      }).run();
      expect(outcome.changes).toBeGreaterThan(5);
      expect(outcome.violation).toBeUndefined();
    },
  );
});

test('the table has a line for each run, and the summary counts them', () => {
  const outcome = { leader: 'n1', changes: 0, watchedMs: 1, story: [] } as const;
  const outcomes: GraphOutcome[] = [
    { ...outcome, graph: cutOf('n1>n2'), duty: 'serve', settledMs: 0, served: true, violation: undefined },
    {
      ...outcome,
      graph: cutOf('n1>n3 n2>n1 n3>n2'),
      leader: undefined,
      duty: 'refuse',
      settledMs: undefined,
      served: false,
      violation: { invariant: 'liveness', message: 'n1 leads', atMs: 3 },
    },
  ];
  expect(graphTable(outcomes)).toBe(
    [
      'leader  duty    settled  changes  served  outcome             graph',
      'n1      serve   0 ms     0        yes     ok                  n1>n2',
      'nobody  refuse  -        0        no      liveness: n1 leads  n1>n3 n2>n1 n3>n2',
    ].join('\n'),
  );
  expect(graphSummary(outcomes)).toBe('2 runs of link graphs, 1 served, 0 rightly without a leader, 1 violations');
});
