import { leaderOf } from '../processes/fleet.js';
import { sleep } from '../processes/until.js';
import type { Nemesis } from './nemesis.js';
import { membersUp } from './victims.js';

/** The disk of a member is gone: it joins anew, as another node, and takes the place of the one that it was. */
export const wipe: Nemesis = async ({ fleet, operator, signal }, random) => {
  // A second disk lost before the first is replaced may be a majority, which no algorithm survives.
  if (!(await operator.finish(signal))) return undefined;
  const present = membersUp(fleet, operator);
  if (present.length === 0) return undefined;
  return (await operator.replaceWiped(random.pick(present), signal)) ? 'replaced' : undefined;
};

/** Members come and go: one more joins, then another is taken out, or replaced by the one that came. */
export const members: Nemesis = async ({ fleet, operator, electionTimeoutMs, signal }, random) => {
  if (!(await operator.finish(signal))) return undefined;
  const spare = fleet.places.find((server) => !server.isTaken);
  const present = membersUp(fleet, operator);
  if (spare === undefined || present.length === 0) return undefined;
  const leaving = random.pick(present);
  const isReplaced = random.chance(0.5);
  if (!(await operator.join(spare, signal))) return undefined;
  await sleep(random.integer(0, electionTimeoutMs), signal);
  if (isReplaced) return (await operator.replace(leaving, spare, signal)) ? 'replace' : undefined;
  return (await operator.remove(leaving, signal)) ? 'add and remove' : undefined;
};

/** Leaderships are handed over, several in a row. */
export const transfer: Nemesis = async ({ fleet, operator, electionTimeoutMs, signal }, random) => {
  let done = 0;
  for (let round = 0; round < 4; round++) {
    const group = random.integer(0, fleet.groups + 1);
    const leader = leaderOf(await fleet.reports(), group);
    const to = random.shuffled(leader?.view.voters ?? []).find((id) => id !== leader?.view.leader);
    if (to !== undefined && (await operator.transfer(group, to))) done++;
    await sleep(random.integer(0, electionTimeoutMs), signal);
  }
  return done > 0 ? 'leadership' : undefined;
};
