import { type GraphCase, type GraphOutcome, GraphRun } from './graph-run.js';
import { CLOUDFLARE, directedCuts, fiveNodeGraphs, HOWARD_ABRAHAM, type LinkGraph } from './link-graph.js';

/** How graphs are run. */
export interface RunGraphsOptions {
  /** Decides all chance (default 1). */
  readonly seed?: number;
  /**
   * Who leads when the links are cut. `first` (the default): n1 of three machines, which stands for the others, since every cut has its like for each of
   * them; of five machines, whose graphs are one of each shape, n1 and nobody. `all`: each machine, and nobody.
   */
  readonly leaders?: 'first' | 'all';
  /** Told of each outcome as it comes. */
  readonly onOutcome?: (outcome: GraphOutcome) => void;
}

/** All 64 sets of cut directions between three machines. */
export function runLinkCuts(options: RunGraphsOptions = {}): Promise<readonly GraphOutcome[]> {
  const leaders = options.leaders === 'all' ? ['n1', 'n2', 'n3', undefined] : ['n1'];
  return runAll(casesOf(directedCuts(), leaders, options.seed ?? 1), options);
}

/** Of `runFiveNodeGraphs`. */
export interface RunFiveNodeGraphsOptions extends RunGraphsOptions {
  /** `named` (the default): those of Howard and Abraham, and of Cloudflare's outage; `all`: one of each shape that obliges to serve, too. */
  readonly graphs?: 'named' | 'all';
}

/** Symmetric graphs of five machines. */
export function runFiveNodeGraphs(options: RunFiveNodeGraphsOptions = {}): Promise<readonly GraphOutcome[]> {
  const graphs = [HOWARD_ABRAHAM, CLOUDFLARE, ...(options.graphs === 'all' ? fiveNodeGraphs() : [])];
  const leaders = options.leaders === 'all' ? ['n1', 'n2', 'n3', 'n4', 'n5', undefined] : ['n1', 'n5', undefined];
  return runAll(casesOf(graphs, leaders, options.seed ?? 1), options);
}

function casesOf(graphs: readonly LinkGraph[], leaders: readonly (string | undefined)[], seed: number): GraphCase[] {
  return graphs.flatMap((graph) => leaders.map((leader) => ({ graph, leader, seed })));
}

async function runAll(cases: readonly GraphCase[], { onOutcome }: RunGraphsOptions): Promise<GraphOutcome[]> {
  const outcomes: GraphOutcome[] = [];
  for (const each of cases) {
    const outcome = await new GraphRun(each).run();
    outcomes.push(outcome);
    onOutcome?.(outcome);
  }
  return outcomes;
}
