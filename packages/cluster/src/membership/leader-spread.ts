/** A data group whose leader is known. */
export interface LedGroup {
  readonly group: number;
  readonly leader: number;
  readonly voters: readonly number[];
}

/** Hand the leadership of a group from one of its voters to another. */
export interface LeaderMove {
  readonly group: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Which leaderships to move, in this order, so that the nodes of `eligible` lead equally many groups within one, as far as the groups' voters
 * allow it. Groups led by other nodes (draining ones) are moved away first. Pure and deterministic: ties go to the lowest node, then group.
 *
 * A direct move from the fullest to the emptiest node is not always there, because a node leads only groups in which it votes; so the
 * shortest chain of moves is looked for, as in augmenting paths of bipartite matching.
 */
export function planLeaderSpread(groups: readonly LedGroup[], eligible: readonly number[]): LeaderMove[] {
  const nodes = [...new Set(eligible)].toSorted((a, b) => a - b);
  const counts = new Map<number, number>(nodes.map((node) => [node, 0]));
  const led = groups
    .map(({ group, leader, voters }) => ({ group, leader, voters: voters.filter((voter) => counts.has(voter)) }))
    .toSorted((a, b) => a.group - b.group);
  const moves: LeaderMove[] = [];
  for (const one of led) {
    if (counts.has(one.leader)) counts.set(one.leader, countOf(counts, one.leader) + 1);
  }
  for (const one of led) {
    if (counts.has(one.leader)) continue;
    const to = emptiest(one.voters, counts);
    if (to === undefined) continue;
    moves.push({ group: one.group, from: one.leader, to });
    counts.set(to, countOf(counts, to) + 1);
    one.leader = to;
  }
  for (;;) {
    const chain = shortestChain(led, nodes, counts);
    if (chain === undefined) return moves;
    for (const move of chain.toReversed()) {
      moves.push(move);
      const one = led.find((candidate) => candidate.group === move.group);
      if (one !== undefined) one.leader = move.to;
    }
    const from = chain[0]?.from;
    const to = chain.at(-1)?.to;
    if (from === undefined || to === undefined) return moves;
    counts.set(from, countOf(counts, from) - 1);
    counts.set(to, countOf(counts, to) + 1);
  }
}

/** From a node that leads most to one that leads at least two fewer. Each step of it is a group led by one node and voted in by the next. */
function shortestChain(
  groups: readonly LedGroup[],
  nodes: readonly number[],
  counts: ReadonlyMap<number, number>,
): LeaderMove[] | undefined {
  const byLoad = nodes.toSorted((a, b) => countOf(counts, b) - countOf(counts, a) || a - b);
  for (const start of byLoad) {
    const target = countOf(counts, start) - 2;
    if (target < 0) return undefined;
    const reachedBy = new Map<number, LeaderMove | undefined>([[start, undefined]]);
    let frontier = [start];
    while (frontier.length > 0) {
      const next: number[] = [];
      for (const from of frontier) {
        for (const { group, leader, voters } of groups) {
          if (leader !== from) continue;
          for (const to of voters) {
            if (reachedBy.has(to)) continue;
            reachedBy.set(to, { group, from, to });
            next.push(to);
          }
        }
      }
      const end = next
        .filter((node) => countOf(counts, node) <= target)
        .toSorted((a, b) => countOf(counts, a) - countOf(counts, b) || a - b)[0];
      if (end !== undefined) return chainTo(end, reachedBy);
      frontier = next.toSorted((a, b) => a - b);
    }
  }
  return undefined;
}

function chainTo(end: number, reachedBy: ReadonlyMap<number, LeaderMove | undefined>): LeaderMove[] {
  const chain: LeaderMove[] = [];
  for (let move = reachedBy.get(end); move !== undefined; move = reachedBy.get(move.from)) chain.unshift(move);
  return chain;
}

function emptiest(nodes: readonly number[], counts: ReadonlyMap<number, number>): number | undefined {
  return nodes.toSorted((a, b) => countOf(counts, a) - countOf(counts, b) || a - b)[0];
}

function countOf(counts: ReadonlyMap<number, number>, node: number): number {
  return counts.get(node) ?? 0;
}
