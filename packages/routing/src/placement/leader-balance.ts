/** A group, who leads it, and who could. */
export interface LedGroup {
  readonly group: number;
  /** 0: unknown; such a group is left alone. */
  readonly leader: number;
  readonly voters: readonly number[];
}

/** One leadership to hand over. */
export interface LeaderTransfer {
  readonly group: number;
  readonly from: number;
  readonly to: number;
}

/** Bounds of a plan. */
export interface LeaderBalanceOptions {
  /** Nodes that may lead: reachable, and not leaving. */
  readonly eligible: ReadonlySet<number>;
  /** So many transfers at most; plan again when they are done. */
  readonly transfersMax: number;
}

/**
 * Transfers that make leadership as even over the eligible nodes as the groups' voters allow: within one, where any node can
 * take any group. First the groups of nodes that may not lead, then from the fullest nodes; where no direct transfer helps, a
 * chain of them through other nodes, from its far end on, so that each prefix of the plan is no less even than what was.
 *
 * Deterministic, and empty where nothing can be gained; no group stands in a plan twice.
 */
export function planLeaderTransfers(groups: readonly LedGroup[], options: LeaderBalanceOptions): LeaderTransfer[] {
  const board = new Board(groups, options.eligible);
  const transfers: LeaderTransfer[] = [];
  const moved = new Set<number>();
  const record = (steps: readonly LeaderTransfer[]): boolean => {
    for (const step of steps) {
      if (transfers.length >= options.transfersMax || moved.has(step.group)) return false;
      board.apply(step);
      moved.add(step.group);
      transfers.push(step);
    }
    return true;
  };
  if (!record(board.evictions())) return transfers;
  for (let steps = board.improvement(); steps.length > 0; steps = board.improvement()) {
    if (!record(steps)) break;
  }
  return transfers;
}

/** Who leads what while a plan is made. */
class Board {
  readonly #eligible: ReadonlySet<number>;
  readonly #groups: { readonly group: number; leader: number; readonly voters: readonly number[] }[];
  /** Groups led by each eligible node that could lead any. */
  readonly #load: Map<number, number> = new Map();

  constructor(groups: readonly LedGroup[], eligible: ReadonlySet<number>) {
    this.#eligible = eligible;
    this.#groups = groups
      .filter((group) => group.leader !== 0)
      .map(({ group, leader, voters }) => ({ group, leader, voters: voters.toSorted((a, b) => a - b) }))
      .sort((a, b) => a.group - b.group);
    const nodes = new Set(this.#groups.flatMap((group) => group.voters).filter((node) => eligible.has(node)));
    for (const node of [...nodes].sort((a, b) => a - b)) this.#load.set(node, 0);
    for (const { leader } of this.#groups) this.#add(leader, 1);
  }

  #add(node: number, groups: number): void {
    const load = this.#load.get(node);
    if (load !== undefined) this.#load.set(node, load + groups);
  }

  apply(transfer: LeaderTransfer): void {
    const group = this.#groups.find((each) => each.group === transfer.group);
    if (group === undefined) return;
    this.#add(group.leader, -1);
    group.leader = transfer.to;
    this.#add(transfer.to, 1);
  }

  /** Each group of a node that may not lead, to the emptiest of those that may. */
  evictions(): LeaderTransfer[] {
    const planned = new Map(this.#load);
    const transfers: LeaderTransfer[] = [];
    for (const { group, leader, voters } of this.#groups) {
      if (this.#eligible.has(leader)) continue;
      const to = emptiest(voters, planned);
      if (to === undefined) continue;
      planned.set(to, (planned.get(to) ?? 0) + 1);
      transfers.push({ group, from: leader, to });
    }
    return transfers;
  }

  /**
   * The shortest of all chains that pass a group on from a node to one that leads at least two fewer; of equal ones that from
   * the fullest node. Empty: none. In a shortest chain every node between the ends leads exactly one fewer than the source,
   * else a part of the chain would be a shorter one; so taken from its far end on, no step makes leadership less even.
   */
  improvement(): LeaderTransfer[] {
    const sources = [...this.#load].sort(([a, loadA], [b, loadB]) => loadB - loadA || a - b);
    let shortest: LeaderTransfer[] = [];
    for (const [source, load] of sources) {
      const chain = this.#chainFrom(source, load);
      if (chain.length > 0 && (shortest.length === 0 || chain.length < shortest.length)) shortest = chain;
    }
    return shortest;
  }

  #chainFrom(source: number, load: number): LeaderTransfer[] {
    const reachedBy = new Map<number, LeaderTransfer | undefined>([[source, undefined]]);
    let front = [source];
    while (front.length > 0) {
      const next: number[] = [];
      for (const transfer of this.#transfersFrom(front)) {
        if (reachedBy.has(transfer.to)) continue;
        reachedBy.set(transfer.to, transfer);
        next.push(transfer.to);
      }
      const target = emptiest(next, this.#load);
      if (target !== undefined && (this.#load.get(target) ?? 0) <= load - 2) return chainTo(target, reachedBy);
      front = next;
    }
    return [];
  }

  #transfersFrom(nodes: readonly number[]): LeaderTransfer[] {
    const transfers: LeaderTransfer[] = [];
    for (const from of nodes) {
      for (const { group, leader, voters } of this.#groups) {
        if (leader !== from) continue;
        for (const to of voters) if (to !== from && this.#load.has(to)) transfers.push({ group, from, to });
      }
    }
    return transfers;
  }
}

function chainTo(target: number, reachedBy: ReadonlyMap<number, LeaderTransfer | undefined>): LeaderTransfer[] {
  const chain: LeaderTransfer[] = [];
  for (let step = reachedBy.get(target); step !== undefined; step = reachedBy.get(step.from)) chain.push(step);
  return chain;
}

/** The node with the least load, the lowest id first; undefined where none of them may lead. */
function emptiest(nodes: readonly number[], load: ReadonlyMap<number, number>): number | undefined {
  let best: number | undefined;
  let least = Infinity;
  for (const node of nodes.toSorted((a, b) => a - b)) {
    const own = load.get(node);
    if (own === undefined || own >= least) continue;
    best = node;
    least = own;
  }
  return best;
}
