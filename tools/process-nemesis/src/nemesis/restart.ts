import { sleep } from '../processes/until.js';
import type { Nemesis } from './nemesis.js';
import { membersUp } from './victims.js';

/** A process may take this long to end in good order, in ms. */
export const STOP_MS = 20_000;

/** Processes end in good order, one after the other or one alone, and are started again. */
export const restart: Nemesis = async ({ fleet, operator, electionTimeoutMs, signal }, random) => {
  const members = random.shuffled(membersUp(fleet, operator));
  if (members.length === 0) return undefined;
  const isRolling = random.chance(0.4);
  for (const server of isRolling ? members : members.slice(0, 1)) {
    const end = await server.stop(STOP_MS);
    if (end === 'late') server.unexpectedEnds.push(`${server.name} did not end within ${STOP_MS} ms of SIGTERM`);
    else if (end !== undefined && end.code !== 0) {
      server.unexpectedEnds.push(`${server.name} ended by SIGTERM with ${end.signal ?? `exit code ${end.code}`}`);
    }
    await sleep(random.integer(0, 2 * electionTimeoutMs), signal);
    server.start(operator.seeds);
    await sleep(random.integer(0, 2 * electionTimeoutMs), signal);
  }
  return isRolling ? 'rolling' : 'one';
};
