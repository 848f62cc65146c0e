import { type ErrorCode, FlotillaError, isFlotillaError } from '@flotilla/errors';
import { METADATA_GROUP } from '@flotilla/routing';

/** What reaching a group's leader needs of its node. */
export interface LeaderFinder {
  readonly nodeId: number;
  /** The leader of a group, as far as it is known. */
  leaderOf(group: number): number | undefined;
  /** What a redirect said; undefined: only that it was wrong. */
  learnLeader(group: number, leader: number | undefined): void;
  /** Members linked with this node that may forward to the group's leader, the likeliest to be linked with it first. */
  forwarders(group: number): readonly number[];
}

/** The ways in which something can be done on the leader of a group. */
export interface WaysToLeader<T> {
  readonly here: () => Promise<T>;
  /** On another node, if that leads; never further. */
  readonly there: (node: number) => Promise<T>;
  /**
   * By way of a member that passes it on to the leader, one hop and no further. For what must not wait until this node and the leader are
   * linked: what it says may be what links them, as where a node can be dialled now. Undefined: not at all.
   */
  readonly forwarded?: ((node: number) => Promise<T>) | undefined;
}

/** Redirects that are followed: the first hint may be stale, the second is the word of a node that was asked. */
const HOPS_MAX = 2;

/** Members that are asked to forward one thing: where several cannot, the next is not likelier. */
const FORWARDERS_MAX = 3;

/** What a member says that did not pass it on, or a leader that did not take it: another may. Of anything else the outcome is said, or unknown. */
const NOT_PASSED_ON: ReadonlySet<ErrorCode> = new Set(['Unreachable', 'NotReady', 'NotLeader']);

/**
 * Does something on the leader of a group: here, on the node that leads it, or, where that is not linked with this one or unknown to it, by
 * way of a member that is. Does not wait through an election, and cannot loop.
 *
 * @throws NotReady where no leader is known; NotLeader where the redirects did not end; Unreachable where nobody is linked with the leader;
 * what the leader says
 */
export async function throughLeader<T>(finder: LeaderFinder, group: number, ways: WaysToLeader<T>): Promise<T> {
  for (let hop = 1; ; hop++) {
    const leader = finder.leaderOf(group);
    if (leader === undefined) return throughForwarder(finder, group, ways, leaderUnknown(group));
    if (leader === finder.nodeId) return ways.here();
    try {
      return await ways.there(leader);
    } catch (error) {
      if (isFlotillaError(error, 'Unreachable')) return throughForwarder(finder, group, ways, error, leader);
      if (!isFlotillaError(error, 'NotLeader') || error.details.group !== group) throw error;
      const next = error.details.leader;
      finder.learnLeader(group, next);
      if (next === undefined || next === leader || hop === HOPS_MAX) throw error;
    }
  }
}

async function throughForwarder<T>(
  finder: LeaderFinder,
  group: number,
  { forwarded }: WaysToLeader<T>,
  why: FlotillaError,
  leader?: number,
): Promise<T> {
  if (forwarded === undefined) throw why;
  const forwarders = finder.forwarders(group).filter((node) => node !== leader);
  for (const node of forwarders.slice(0, FORWARDERS_MAX)) {
    try {
      return await forwarded(node);
    } catch (error) {
      if (!isFlotillaError(error) || !NOT_PASSED_ON.has(error.code)) throw error;
    }
  }
  throw why;
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
