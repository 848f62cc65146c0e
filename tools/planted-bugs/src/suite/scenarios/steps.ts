import type { SimulatedCluster, SimulatedNode } from '@flotilla/simulator';

/** Waits for so many virtual ms. */
export type Wait = (ms: number) => Promise<void>;

const LOOK_MS = 1;

/** Waits until something holds, looking every virtual ms; whether it came in time. */
export async function until(wait: Wait, withinMs: number, holds: () => boolean): Promise<boolean> {
  for (let waited = 0; waited < withinMs; waited += LOOK_MS) {
    if (holds()) return true;
    await wait(LOOK_MS);
  }
  return holds();
}

/** The machine that leads a group, once there is one that a majority could follow. */
export async function leaderOf(
  cluster: SimulatedCluster,
  wait: Wait,
  group: number,
  among: readonly string[] = cluster.names,
): Promise<SimulatedNode | undefined> {
  let leader: SimulatedNode | undefined;
  await until(wait, 30_000, () => {
    const found = cluster.leader(group);
    leader = found !== undefined && among.includes(found.name) ? found : undefined;
    return leader !== undefined;
  });
  return leader;
}

/** Cuts both directions between a machine and all others; clients still reach it. */
export function cutOff(cluster: SimulatedCluster, name: string): void {
  for (const other of cluster.names) if (other !== name) cluster.network.disconnect(name, other);
}

/** Heals what `cutOff` cut. */
export function rejoin(cluster: SimulatedCluster, name: string): void {
  for (const other of cluster.names) if (other !== name) cluster.network.reconnect(name, other);
}

/** What a node says of a group. */
export type GroupStatus = ReturnType<NonNullable<SimulatedNode['running']>['groupStatuses']>[number];

/** What a machine says of a group; undefined while it is down or holds no replica. */
export function statusOf({ running }: SimulatedNode, group: number): GroupStatus | undefined {
  return running?.groupStatuses().find((status) => status.group === group);
}

/** Who has a part in the replacement of a follower of a group by a node that is not in it. */
export interface Replacement {
  readonly leader: SimulatedNode;
  readonly leaving: SimulatedNode & { readonly nodeId: number };
  /** A voter beside the leader that is not replaced. */
  readonly staying: SimulatedNode;
  readonly coming: SimulatedNode & { readonly nodeId: number };
}

/** The parts of a replacement in a group of three with a fourth machine beside it; undefined where somebody is missing. */
export async function replacementIn(
  cluster: SimulatedCluster,
  wait: Wait,
  group: number,
): Promise<Replacement | undefined> {
  const leader = await leaderOf(cluster, wait, group);
  if (leader === undefined) return undefined;
  const members = statusOf(leader, group)?.members ?? [];
  const others = [...cluster.nodes.values()].filter(({ name }) => name !== leader.name).filter(hasId);
  const [leaving, staying] = others.filter(({ nodeId }) => members.includes(nodeId));
  const coming = others.find(({ nodeId }) => !members.includes(nodeId));
  if (leaving === undefined || staying === undefined || coming === undefined) return undefined;
  return { leader, leaving, staying, coming };
}

function hasId(node: SimulatedNode): node is SimulatedNode & { readonly nodeId: number } {
  return node.nodeId !== undefined;
}
