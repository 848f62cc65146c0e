/** Who hears whom: machines n1, n2, … and the directions between them that are cut, for good. */
export interface LinkGraph {
  /** What a table calls it. */
  readonly name: string;
  /** Machines. */
  readonly nodes: readonly string[];
  /** From whom, and to whom, nothing gets. */
  readonly cut: readonly (readonly [from: string, to: string])[];
}

/** Whether two machines hear each other. */
export function areLinked({ cut }: LinkGraph, a: string, b: string): boolean {
  return !cut.some(([from, to]) => (from === a && to === b) || (from === b && to === a));
}

/**
 * What a graph obliges a cluster to that votes with all its machines, with pre-vote and check-quorum on:
 *
 * - `serve`: a majority of machines of which every two hear each other. Among them one has the newest log, and all others grant it their votes;
 *   no one else can force it out: who hears the leader waits, and who does not asks for pre-votes that nobody grants who does hear
 *   it. All else that the graph does is of no matter: a machine that sends and does not hear cannot win, and gives up what it leads
 *   within two election timeouts (check-quorum); one that hears and does not send is a follower, or asks in vain.
 * - `serve-if-level`: no such majority, but a machine that hears, and is heard by, enough others to be a majority with them. It can lead; but if
 *   it lacks an entry that one of those few has, it is refused, and that one has too few to be elected itself. So it must serve where
 *   all had the same log when the links were cut, and what a leader since then appended went to all its neighbours.
 * - `refuse`: no machine has a majority that hears it and that it hears. Nobody may lead once check-quorum has struck.
 */
export type GraphDuty = 'serve' | 'serve-if-level' | 'refuse';

/** See {@link GraphDuty}. */
export function dutyOf(graph: LinkGraph): GraphDuty {
  const { nodes } = graph;
  const quorum = Math.floor(nodes.length / 2) + 1;
  const neighbours = (node: string): string[] =>
    nodes.filter((other) => other !== node && areLinked(graph, node, other));
  const canLead = nodes.some((node) => neighbours(node).length + 1 >= quorum);
  if (!canLead) return 'refuse';
  return hasClique(graph, nodes, [], quorum) ? 'serve' : 'serve-if-level';
}

/** Whether so many machines, `chosen` and some of `rest`, all hear each other. */
function hasClique(graph: LinkGraph, rest: readonly string[], chosen: readonly string[], size: number): boolean {
  if (chosen.length === size) return true;
  return rest.some(
    (node, at) =>
      chosen.every((other) => areLinked(graph, node, other)) &&
      hasClique(graph, rest.slice(at + 1), [...chosen, node], size),
  );
}

/** All 64 sets of cut directions between three machines. */
export function directedCuts(): LinkGraph[] {
  const nodes = machines(3);
  const links = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => [from, to] as const));
  return Array.from({ length: 1 << links.length }, (_, set) => {
    const cut = links.filter((_link, at) => (set & (1 << at)) !== 0);
    return { name: cut.length === 0 ? 'none cut' : cut.map(([from, to]) => `${from}>${to}`).join(' '), nodes, cut };
  });
}

/**
 * Howard and Abraham's example (2020): 1, 2 and 3 hear each other, 4 hears only 2, and 5 only 3. Without pre-vote 4 and 5 depose every leader that
 * they cannot hear.
 */
export const HOWARD_ABRAHAM: LinkGraph = symmetric('howard-abraham', 5, [
  [1, 2],
  [1, 3],
  [2, 3],
  [2, 4],
  [3, 5],
]);

/**
 * The outage of Cloudflare's control plane in November 2020, among five: all hear each other but for one follower (1) and the leader (5), whom a switch
 * keeps apart. Without pre-vote the follower campaigns again and again through the others.
 */
export const CLOUDFLARE: LinkGraph = symmetric(
  'cloudflare-2020',
  5,
  pairsOf(5).filter(([a, b]) => !(a === 1 && b === 5)),
);

/**
 * All symmetric graphs of five machines, one of each shape, in which some three hang together: 31 of the 34 shapes.
 */
export function fiveNodeGraphs(): LinkGraph[] {
  const pairs = pairsOf(5);
  const seen = new Set<number>();
  const graphs: LinkGraph[] = [];
  for (let set = 0; set < 1 << pairs.length; set++) {
    const shape = shapeOf(set, pairs);
    if (seen.has(shape)) continue;
    seen.add(shape);
    const linked = pairs.filter((_, at) => (set & (1 << at)) !== 0);
    const name = linked.length === 0 ? 'no links' : linked.map(([a, b]) => `${a}-${b}`).join(' ');
    const graph = symmetric(name, 5, linked);
    if (dutyOf(graph) !== 'refuse') graphs.push(graph);
  }
  return graphs;
}

type Pair = readonly [number, number];

function machines(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `n${at + 1}`);
}

function pairsOf(count: number): Pair[] {
  const pairs: Pair[] = [];
  for (let a = 1; a <= count; a++) for (let b = a + 1; b <= count; b++) pairs.push([a, b]);
  return pairs;
}

/** Exactly these pairs hear each other. */
function symmetric(name: string, count: number, linked: readonly Pair[]): LinkGraph {
  const has = (a: number, b: number): boolean => linked.some(([x, y]) => x === a && y === b);
  const cut = pairsOf(count)
    .filter(([a, b]) => !has(a, b))
    .flatMap(([a, b]) => [[`n${a}`, `n${b}`] as const, [`n${b}`, `n${a}`] as const]);
  return { name, nodes: machines(count), cut };
}

/** The least number of all that stand for the same shape. */
function shapeOf(set: number, pairs: readonly Pair[]): number {
  const place = new Map(pairs.map(([a, b], at) => [a * 10 + b, at]));
  let least = Number.POSITIVE_INFINITY;
  for (const order of permutations([1, 2, 3, 4, 5])) {
    let image = 0;
    for (const [at, [a, b]] of pairs.entries()) {
      if ((set & (1 << at)) === 0) continue;
      const x = order[a - 1] ?? 0;
      const y = order[b - 1] ?? 0;
      image |= 1 << (place.get(Math.min(x, y) * 10 + Math.max(x, y)) ?? 0);
    }
    least = Math.min(least, image);
  }
  return least;
}

function permutations(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}
