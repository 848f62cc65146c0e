import type { Prng } from '@flotilla/runtime/virtual';
import type { Fleet } from '../processes/fleet.js';
import type { ServerProcess } from '../processes/server-process.js';
import type { Operator } from './operator.js';

/** Members with a process that nothing else is being done to. */
export function membersUp(fleet: Fleet, operator: Operator): ServerProcess[] {
  return fleet.running.filter((server) => !operator.isChanging(server));
}

/** Whom a fault of processes strikes, and what that choice is called. */
export async function victims(
  fleet: Fleet,
  members: readonly ServerProcess[],
  random: Prng,
): Promise<{ readonly name: string; readonly chosen: ServerProcess[] }> {
  const leader = await leaderOfSome(fleet, random);
  const order = random.shuffled(members);
  switch (random.pick(['one', 'leader', 'leader', 'minority', 'majority', 'all'] as const)) {
    case 'one':
      return { name: 'one', chosen: order.slice(0, 1) };
    case 'leader': {
      const led = members.filter((server) => server.place === leader);
      return led.length > 0 ? { name: 'leader', chosen: led } : { name: 'one', chosen: order.slice(0, 1) };
    }
    case 'minority':
      return { name: 'minority', chosen: order.slice(0, Math.max(1, Math.floor((members.length - 1) / 2))) };
    case 'majority':
      return { name: 'majority', chosen: order.slice(0, Math.floor(members.length / 2) + 1) };
    case 'all':
      return { name: 'all', chosen: order };
  }
}

/** Where the leader of any one group runs. */
export async function leaderOfSome(fleet: Fleet, random: Prng): Promise<number | undefined> {
  return await fleet.leaderPlace(random.integer(0, fleet.groups + 1));
}
