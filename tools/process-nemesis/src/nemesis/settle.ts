import type { NodeReport } from '@flotilla/client';
import type { Fleet } from '../processes/fleet.js';
import type { Operator } from './operator.js';

/**
 * Ends all faults: every connection is good, every process runs, changes of members come to their end, and there are as many
 * members as there were at first. Then waits until the cluster is well.
 *
 * @throws with what is missing, once `deadlineMs` have passed
 */
export async function settle(fleet: Fleet, operator: Operator, deadlineMs: number): Promise<Map<number, NodeReport>> {
  const signal = AbortSignal.timeout(deadlineMs);
  const begun = performance.now();
  fleet.network.heal();
  for (const server of fleet.places) {
    server.resume();
    await server.disk.free(server.pid);
    if (server.isTaken) server.start(operator.seeds);
  }
  const isDone =
    (await operator.finish(signal)) && (await toSize(fleet, operator, signal)) && (await operator.sweep(signal));
  if (!isDone) {
    const last = operator.complaints.slice(-3).join('; ');
    throw new Error(`not within ${Math.round(deadlineMs / 1_000)} s: the change of members is done: ${last}`);
  }
  return await fleet.settled(Math.max(1_000, deadlineMs - (performance.now() - begun)));
}

async function toSize(fleet: Fleet, operator: Operator, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const taken = fleet.places.filter((server) => server.isTaken);
    const last = taken.at(-1);
    if (last === undefined || taken.length <= fleet.members) return true;
    // A process that has not become a member yet has nothing to lose: it joins first, and is then taken out.
    if (!(await operator.join(last, signal)) || !(await operator.remove(last, signal))) return false;
  }
}
