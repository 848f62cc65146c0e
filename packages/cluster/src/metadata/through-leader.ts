import { FlotillaError, isFlotillaError } from '@flotilla/errors';
import { METADATA_GROUP } from '@flotilla/routing';

/** What reaching a group's leader needs of its node. */
export interface LeaderFinder {
  readonly nodeId: number;
  /** The leader of a group, as far as it is known. */
  leaderOf(group: number): number | undefined;
  /** What a redirect said; undefined: only that it was wrong. */
  learnLeader(group: number, leader: number | undefined): void;
}

/** Redirects that are followed: the first hint may be stale, the second is the word of a node that was asked. */
const HOPS_MAX = 2;

/**
 * Does something on the leader of a group: here, or on the node that leads it. Does not wait through an election, and cannot loop.
 *
 * @throws NotReady where no leader is known; NotLeader where the redirects did not end; what the leader says
 */
export async function throughLeader<T>(
  finder: LeaderFinder,
  group: number,
  here: () => Promise<T>,
  there: (node: number) => Promise<T>,
): Promise<T> {
  for (let hop = 1; ; hop++) {
    const leader = finder.leaderOf(group);
    if (leader === undefined) throw leaderUnknown(group);
    if (leader === finder.nodeId) return here();
    try {
      return await there(leader);
    } catch (error) {
      if (!isFlotillaError(error, 'NotLeader') || error.details.group !== group) throw error;
      const next = error.details.leader;
      finder.learnLeader(group, next);
      if (next === undefined || next === leader || hop === HOPS_MAX) throw error;
    }
  }
}

/** Nobody knows who leads the group; try again. */
export function leaderUnknown(group: number): FlotillaError {
  const reason = `no leader of group ${group} is known`;
  return new FlotillaError('NotReady', { message: reason, details: { reason } });
}

/** The redirect of a node that does not lead the group; NotReady where it cannot say who does. */
export function redirect(finder: LeaderFinder, group: number = METADATA_GROUP): FlotillaError {
  const leader = finder.leaderOf(group);
  if (leader === undefined || leader === finder.nodeId) return leaderUnknown(group);
  return new FlotillaError('NotLeader', {
    message: `group ${group} is led by node ${leader}`,
    details: { group, leader },
  });
}
