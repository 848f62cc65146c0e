import type { Prng } from '@flotilla/runtime/virtual';
import { isolate } from '../network/shapes.js';
import type { ServerProcess } from '../processes/server-process.js';
import { sleep } from '../processes/until.js';
import type { Arena, Nemesis } from './nemesis.js';
import { leaderOfSome, membersUp, victims } from './victims.js';

/** Processes stand still as by SIGSTOP, for times around the election timeout and far above, and then go on as if nothing had been. */
export const pause: Nemesis = async (arena, random) => {
  const { fleet, operator, electionTimeoutMs, signal } = arena;
  const members = membersUp(fleet, operator);
  if (members.length === 0) return undefined;
  const leader = await leaderOfSome(fleet, random);
  const led = members.find((server) => server.place === leader);
  if (led !== undefined && random.chance(0.5)) return await wakeAlone(arena, led, random);
  const { name, chosen } = await victims(fleet, members, random);
  for (const server of chosen) server.pause();
  const timeouts = random.pick([0.2, 1, 2, 4, 8]);
  await sleep(electionTimeoutMs * timeouts * (0.5 + random.float()), signal);
  for (const server of chosen) server.resume();
  return name;
};

/**
 * A leader stands still until others have a new one, and wakes up cut off from them: nobody tells it, and to its own clock hardly
 * any time has passed. Clients reach it all the while.
 */
async function wakeAlone(arena: Arena, led: ServerProcess, random: Prng): Promise<string> {
  const { fleet, electionTimeoutMs, signal } = arena;
  const places = fleet.running.map((server) => server.place);
  const { cut } = isolate(places, led.place);
  led.pause();
  // At once: what reached its sockets while it stood still is the first thing that it would hear.
  fleet.network.set(cut, { kind: 'held' });
  await sleep(electionTimeoutMs * (3 + 2 * random.float()), signal);
  led.resume();
  await sleep(electionTimeoutMs * (1 + 2 * random.float()), signal);
  fleet.network.set(cut, { kind: 'open' });
  return 'leader, awake alone';
}
