import type { Runtime } from '@flotilla/runtime';
import { METADATA_GROUP } from '@flotilla/routing';
import { FORWARD_JOIN, FORWARDED_JOIN, JOIN } from './bootstrap/join-request.js';
import { FORWARDED_JOIN_TIMEOUT_MS, JoinServer } from './bootstrap/join-server.js';
import type { PeerRequests } from './liveness/peer-requests.js';
import type { LeaderAnnouncements } from './membership/leader-announcements.js';
import type { MemberDecisions } from './membership/member-decisions.js';
import { changeMembership } from './membership/membership-changes.js';
import {
  CHANGE_MEMBERSHIP,
  FORWARD_MEMBER_COMMAND,
  FORWARD_METADATA_PROPOSE,
  LEADER_ANNOUNCEMENT,
  MEMBER_COMMAND,
  METADATA_PROPOSE,
  METADATA_PULL,
  OPEN_REPLICA,
  TRANSFER,
} from './membership/membership-requests.js';
import type { PlacementDriver } from './membership/placement-driver.js';
import type { ReplicaKeeper } from './membership/replica-keeper.js';
import type { ClusterView } from './metadata/cluster-view.js';
import type { MetadataProposals } from './metadata/metadata-proposals.js';
import { type LeaderFinder, redirect, throughLeader } from './metadata/through-leader.js';
import type { NodeGroups } from './node-groups.js';

/** The parts of a member that answer other nodes. */
export interface MemberAnswers {
  readonly runtime: Runtime;
  readonly requests: PeerRequests;
  readonly view: ClusterView;
  readonly groups: NodeGroups;
  readonly proposals: MetadataProposals;
  readonly decisions: MemberDecisions;
  readonly announcements: LeaderAnnouncements;
  readonly keeper: ReplicaKeeper;
  readonly driver: PlacementDriver;
  readonly finder: LeaderFinder;
  /** Whether this node leads group 0, and may act as its leader. */
  readonly acting: () => boolean;
  /** Whether this node serves. */
  readonly ready: () => boolean;
}

/** Answers all that other nodes ask of a member, from now on. */
export function answerRequests(member: MemberAnswers): void {
  const { requests, view, groups, proposals, decisions, announcements, keeper } = member;
  const joins = joinServer(member);
  requests.handle(JOIN, (request, from, signal) => joins.join(request, from, signal));
  requests.handle(FORWARD_JOIN, (request, from, signal) => joins.forward(request, from, signal));
  requests.handle(FORWARDED_JOIN, (join, from, signal) => joins.joinForwarded(join, from, signal));
  requests.handle(METADATA_PROPOSE, (command, _from, signal) => proposals.proposeHere(command, { signal }));
  requests.handle(FORWARD_METADATA_PROPOSE, (command, _from, signal) => proposals.forward(command, { signal }));
  requests.handle(METADATA_PULL, () => Promise.resolve(view.state));
  requests.handle(LEADER_ANNOUNCEMENT, (led, from) => {
    announcements.heard(from.node, led);
    return Promise.resolve(undefined);
  });
  requests.handle(CHANGE_MEMBERSHIP, (command, _from, signal) => changeMembership(groups, command, { signal }));
  requests.handle(OPEN_REPLICA, async (replica) => {
    await keeper.open(replica);
    return undefined;
  });
  requests.handle(TRANSFER, async ({ group, to }, _from, signal) => {
    await groups.transferLeadership(group, to, { signal });
    return undefined;
  });
  requests.handle(MEMBER_COMMAND, (command, _from, signal) => decisions.decideHere(command, { signal }));
  requests.handle(FORWARD_MEMBER_COMMAND, (command, _from, signal) => decisions.forward(command, { signal }));
}

function joinServer({ runtime, requests, view, decisions, driver, finder, acting, ready }: MemberAnswers): JoinServer {
  return new JoinServer({
    runtime,
    view,
    notReady: () => (ready() ? undefined : 'this node is still starting'),
    acting,
    leader: () => {
      const node = finder.leaderOf(METADATA_GROUP);
      if (node === undefined || node === finder.nodeId) return undefined;
      return { node, addresses: view.state.topology.nodes.get(node)?.addresses ?? [] };
    },
    propose: (entry, wait) => decisions.proposeHere(entry, wait),
    passOn: (join, signal) =>
      throughLeader(finder, METADATA_GROUP, {
        here: () => Promise.reject(redirect(finder)),
        there: (node) => requests.call(node, FORWARDED_JOIN, join, { timeoutMs: FORWARDED_JOIN_TIMEOUT_MS, signal }),
      }),
    place: () => driver.kick(),
  });
}
