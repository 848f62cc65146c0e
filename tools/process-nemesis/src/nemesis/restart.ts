import { sleep } from '../processes/until.js';
import type { Nemesis } from './nemesis.js';
import { membersUp } from './victims.js';

/** Processes end in good order, one after the other or one alone, and are started again. */
export const restart: Nemesis = async ({ fleet, operator, electionTimeoutMs, signal }, random) => {
  const members = random.shuffled(membersUp(fleet, operator));
  if (members.length === 0) return undefined;
  const isRolling = random.chance(0.4);
  for (const server of isRolling ? members : members.slice(0, 1)) {
    await server.stop();
    await sleep(random.integer(0, 2 * electionTimeoutMs), signal);
    server.start(operator.seeds);
    await sleep(random.integer(0, 2 * electionTimeoutMs), signal);
  }
  return isRolling ? 'rolling' : 'one';
};
