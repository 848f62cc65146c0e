import { sleep } from '../processes/until.js';
import type { Nemesis } from './nemesis.js';
import { membersUp, victims } from './victims.js';

/** Processes stand still as by SIGSTOP, for times around the election timeout and far above, and then go on as if nothing had been. */
export const pause: Nemesis = async ({ fleet, operator, electionTimeoutMs, signal }, random) => {
  const members = membersUp(fleet, operator);
  if (members.length === 0) return undefined;
  const { name, chosen } = await victims(fleet, members, random);
  for (const server of chosen) server.pause();
  const timeouts = random.pick([0.2, 1, 2, 4, 8]);
  await sleep(electionTimeoutMs * timeouts * (0.5 + random.float()), signal);
  for (const server of chosen) server.resume();
  return name;
};
