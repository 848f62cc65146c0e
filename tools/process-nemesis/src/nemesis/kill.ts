import { sleep } from '../processes/until.js';
import type { Nemesis } from './nemesis.js';
import { membersUp, victims } from './victims.js';

/** Processes die as by `kill -9`, all at the same moment, and are started again after a while. */
export const kill: Nemesis = async ({ fleet, operator, electionTimeoutMs, signal }, random) => {
  const members = membersUp(fleet, operator);
  if (members.length === 0) return undefined;
  const { name, chosen } = await victims(fleet, members, random);
  await Promise.all(chosen.map(async (server) => await server.kill()));
  await sleep(random.integer(0, 5 * electionTimeoutMs), signal);
  for (const server of random.shuffled(chosen)) {
    server.start(operator.seeds);
    await sleep(random.integer(0, electionTimeoutMs), signal);
  }
  return name;
};
