import type { ServerStatus } from '../../src/serve/host-status.js';

/** The `/status` of a server; rejects while it does not answer. */
export async function statusAt(http: string): Promise<ServerStatus> {
  const response = await fetch(`${http}/status`, { signal: AbortSignal.timeout(2_000) });
  return (await response.json()) as ServerStatus;
}

/** The statuses of those servers that answer, in their order. */
export async function statusesAt(https: readonly string[]): Promise<ServerStatus[]> {
  const all = await Promise.all(https.map((http) => statusAt(http).catch(() => undefined)));
  return all.filter((status) => status !== undefined);
}

/** A group as its leader sees it; undefined while no answering server leads it. */
export function leaderOf(
  statuses: readonly ServerStatus[],
  group: number,
): { readonly status: ServerStatus; readonly view: ServerStatus['groups'][number] } | undefined {
  const found = statuses.flatMap((status) =>
    status.groups.filter((view) => view.group === group && view.role === 'leader').map((view) => ({ status, view })),
  );
  // A deposed leader that has not heard of it yet is one of an earlier term.
  return found.toSorted((one, other) => other.view.term - one.view.term)[0];
}

/** Every data group is led and has `voters` voters and no learner, by its leader's own account, and every server is ready. */
export function isSettled(statuses: readonly ServerStatus[], groups: number, voters: number): boolean {
  if (statuses.length === 0 || statuses.some((status) => status.lifecycle !== 'ready')) return false;
  for (let group = 1; group <= groups; group++) {
    const leader = leaderOf(statuses, group);
    if (leader === undefined || leader.view.voters.length !== voters || leader.view.learners.length > 0) return false;
  }
  return leaderOf(statuses, 0) !== undefined;
}

/** Every replica of every group has applied what its leader has committed. */
export function isCaughtUp(statuses: readonly ServerStatus[], groups: number): boolean {
  for (let group = 0; group <= groups; group++) {
    const leader = leaderOf(statuses, group);
    if (leader === undefined) return false;
    for (const voter of leader.view.voters) {
      const replica = statuses.find((one) => one.id === voter)?.groups.find((one) => one.group === group);
      if (replica === undefined || replica.appliedIndex !== leader.view.commitIndex) return false;
    }
  }
  return true;
}
