import { FlotillaError } from '@flotilla/errors';

/** This node does not lead the group: nothing was appended. */
export function notLeader(group: number, leader: number, address: string | undefined): FlotillaError<'NotLeader'> {
  const where =
    leader === 0
      ? 'no leader is known: try again after an election timeout'
      : `node ${leader} leads${address === undefined ? '' : ` at ${address}`}: ask there`;
  return new FlotillaError('NotLeader', {
    message: `this node does not lead group ${group}; ${where}`,
    details: {
      group,
      ...(leader === 0 ? {} : { leader }),
      ...(leader === 0 || address === undefined ? {} : { address }),
    },
  });
}

/** The group stopped before the call. */
export function groupStopped(group: number, reason: string): FlotillaError<'GroupStopped'> {
  return new FlotillaError('GroupStopped', {
    message: `group ${group} stopped on this node: ${reason}; ask another replica, and restart this node once the cause is mended`,
    details: { group, reason },
    outcome: 'definite',
  });
}

/** A bound is reached: nothing was appended. */
export function overloaded(resource: string, limit: number): FlotillaError<'Overloaded'> {
  return new FlotillaError('Overloaded', {
    message: `${resource}: the bound of ${limit} is reached; back off and try again`,
    details: { resource, limit },
    outcome: 'definite',
  });
}

/** The core did not append the proposal for a reason that is neither leadership nor load. */
export function proposalDropped(group: number, reason: string): FlotillaError<'ProposalDropped'> {
  return new FlotillaError('ProposalDropped', {
    message: `group ${group} did not take the proposal: ${reason}; it was not and will not be applied`,
    details: { group, reason },
  });
}

/** The proposal is in a log, and whether it will be applied cannot be known here. */
export function outcomeUnknown(
  group: number,
  index: number | undefined,
  why: string,
  cause?: unknown,
): FlotillaError<'ProposalOutcomeUnknown'> {
  return new FlotillaError('ProposalOutcomeUnknown', {
    message: `${why}; whether the proposal${index === undefined ? '' : ` at index ${index}`} of group ${group} will be applied is not known: read before trying again, or use a session`,
    details: { group, ...(index === undefined ? {} : { index }) },
    cause,
  });
}

/** The node does not hold the group, or dropped it while the call waited. */
export function groupNotFound(group: number): FlotillaError<'GroupNotFound'> {
  return new FlotillaError('GroupNotFound', {
    message: `this node holds no replica of group ${group}`,
    details: { group },
  });
}

/** The node stops; what was asked of it never reached a log. */
export function shutdown(what: string): FlotillaError<'Shutdown'> {
  return new FlotillaError('Shutdown', {
    message: `the node stops; ${what} was given up before it reached a log`,
    details: {},
    outcome: 'definite',
  });
}
