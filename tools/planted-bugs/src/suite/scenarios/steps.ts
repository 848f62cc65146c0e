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
