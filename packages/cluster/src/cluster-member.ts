import { FlotillaError, toFlotillaError } from '@flotilla/errors';
import { Role } from '@flotilla/raft-core';
import { METADATA_GROUP, type NodeInfo } from '@flotilla/routing';
import { foundingEntry } from './bootstrap/founding.js';
import type { ClusterMemberOptions } from './cluster-member-options.js';
import type { AppliedConfChange, GroupObserver } from './group/group-observer.js';
import type { LeaderChange } from './group/group-status.js';
import { removedFromCluster } from './liveness/hello-judgement.js';
import { HostLiveness } from './liveness/host-liveness.js';
import type { RequestKind } from './liveness/peer-requests.js';
import { introduce } from './membership/introduction.js';
import { KnownLeaders } from './membership/known-leaders.js';
import { LeaderAnnouncements } from './membership/leader-announcements.js';
import { LeaderBalancer } from './membership/leader-balancer.js';
import { MemberCommands } from './membership/member-commands.js';
import { MemberDecisions } from './membership/member-decisions.js';
import { changeMembership } from './membership/membership-changes.js';
import {
  CHANGE_MEMBERSHIP,
  FORWARD_METADATA_PROPOSE,
  LEADER_ANNOUNCEMENT,
  type LeaderAnnouncement,
  METADATA_PROPOSE,
  METADATA_PULL,
  OPEN_REPLICA,
  TRANSFER,
} from './membership/membership-requests.js';
import { answerRequests } from './member-answers.js';
import { memberWorkers } from './member-workers.js';
import { MetadataPulls } from './membership/metadata-pulls.js';
import { PlacementDriver } from './membership/placement-driver.js';
import { ReplicaKeeper } from './membership/replica-keeper.js';
import { type LedConfiguration, MembershipReports } from './metadata/membership-reports.js';
import { MetadataLeadership } from './metadata/metadata-leadership.js';
import { MetadataProposals } from './metadata/metadata-proposals.js';
import type { MetadataState } from './metadata/metadata-state.js';
import { MetadataStateMachine } from './metadata/metadata-state-machine.js';
import { ReadinessLatch } from './metadata/readiness-latch.js';
import { type LeaderFinder, throughLeader } from './metadata/through-leader.js';
import type { WaitOptions } from './multi-raft/multi-raft.js';
import { NodeGroups } from './node-groups.js';
import { confChangeEvent } from './observability/conf-change-event.js';
import { SessionExpiry } from './session/session-expiry.js';
import type { StateMachine } from './state-machine.js';

/** Requests between members are answered within so long, or given up (ms). */
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * A node as member of its cluster: its groups, and all that keeps them where group 0 wants them. The chapters do not know each other; here
 * they are connected.
 */
export class ClusterMember implements LeaderFinder {
  readonly nodeId: number;
  readonly groups: NodeGroups;
  readonly leaders: KnownLeaders = new KnownLeaders();
  readonly liveness: HostLiveness;
  readonly members: MemberCommands;
  readonly proposals: MetadataProposals;
  readonly latch: ReadinessLatch = new ReadinessLatch();
  readonly #options: ClusterMemberOptions;
  readonly #leadership: MetadataLeadership;
  readonly #reports: MembershipReports;
  readonly #keeper: ReplicaKeeper;
  readonly #driver: PlacementDriver;
  readonly #pulls: MetadataPulls;
  readonly #announcements: LeaderAnnouncements;
  readonly #balancer: LeaderBalancer;
  readonly #confIndexes = new Map<number, number>();
  readonly #expiries: readonly SessionExpiry[];
  readonly #abort = new AbortController();
  #metadata: MetadataStateMachine | undefined;
  #reacting = false;
  #ready = false;
  #stopped = false;
  #stopping: Promise<void> | undefined;

  constructor(options: ClusterMemberOptions) {
    const { runtime, nodeId, view, config, links } = options;
    this.#options = options;
    this.nodeId = nodeId;
    const workers = memberWorkers(options, {
      stateMachine: (group) => this.#newStateMachine(group),
      addressOf: (node) => this.addressOf(node),
      isAlive: (node) => this.liveness.isAlive(node),
      observer: this.#observer(),
    });
    this.groups = new NodeGroups(nodeId, workers);
    this.#expiries = workers.map(({ groups }) => new SessionExpiry({ groups, runtime }));
    const state = (): MetadataState => view.state;
    const acting = (): boolean => this.acting;
    const connected = (): readonly number[] => this.#connected();
    const leaderOf = (group: number): number | undefined => this.leaderOf(group);
    const isAlive = (node: number): boolean => this.liveness.isAlive(node);
    this.#leadership = new MetadataLeadership({
      nodeId,
      runtime,
      submit: (command, sink, slot) => this.groups.submit(METADATA_GROUP, command, sink, slot),
      state: () => this.#metadata?.state ?? view.state,
      founding: foundingEntry(view.state),
      acting: () => this.#driver.kick(),
      onEvent: options.onEvent,
    });
    this.proposals = new MetadataProposals({
      finder: this,
      acting,
      local: (command, wait) => this.groups.proposeToGroup(METADATA_GROUP, command, wait),
      remote: (node, command, { signal }) => this.#call(node, METADATA_GROUP, METADATA_PROPOSE, command, signal),
      forwarded: (node, command, { signal }) =>
        this.#call(node, METADATA_GROUP, FORWARD_METADATA_PROPOSE, command, signal),
    });
    this.#reports = new MembershipReports({
      runtime,
      led: (group) => this.#ledConfiguration(group),
      state,
      propose: (membership) => this.proposals.propose({ kind: 'membership', membership }, this.#wait),
    });
    this.#keeper = new ReplicaKeeper({
      host: this.groups,
      view,
      held: options.held,
      save: (held) => this.#saving(options.catalog.saveGroups(held)),
      workerFor: () => this.groups.workerForNew(),
      failed: (error) => this.#catalogFailed(error),
    });
    this.#driver = new PlacementDriver({
      runtime,
      state,
      acting,
      leaderOf,
      learnLeader: (group, leader) => this.learnLeader(group, leader),
      isHere: (node) => node === nodeId || links.isConnected(node),
      openReplica: (node, replica) =>
        node === nodeId ? this.#keeper.open(replica) : this.#call(node, replica.group, OPEN_REPLICA, replica),
      changeMembership: (leader, command) =>
        leader === nodeId
          ? changeMembership(this.groups, command, this.#wait)
          : this.#call(leader, command.group, CHANGE_MEMBERSHIP, command),
      decommission: (node) =>
        this.proposals.propose({ kind: 'topology', change: { kind: 'decommission', node } }, this.#wait),
    });
    this.#pulls = new MetadataPulls({
      runtime,
      patienceMs: () => (this.groups.hasGroup(METADATA_GROUP) ? config.electionTimeoutMs : 0),
      view,
      pull: (node) => this.#call(node, METADATA_GROUP, METADATA_PULL, undefined),
    });
    this.#announcements = new LeaderAnnouncements({
      runtime,
      hints: this.leaders.hints,
      led: () => this.#led(),
      connected,
      announce: (node, led) => this.#call(node, METADATA_GROUP, LEADER_ANNOUNCEMENT, led),
      learned: (group) => this.#leaderLearned(group),
    });
    this.#balancer = new LeaderBalancer({
      runtime,
      nodeId,
      timing: {
        intervalMs: config.electionTimeoutMs,
        quietMs: 2 * config.electionTimeoutMs,
        penaltyMs: 10 * config.electionTimeoutMs,
      },
      state,
      acting,
      leaderOf,
      isAlive,
      transfer: (leader, group, to) => this.#transferFrom(leader, group, to, this.#wait),
    });
    this.liveness = new HostLiveness({
      runtime,
      carrier: links,
      timing: {
        heartbeatMs: Math.max(config.heartbeatMs, Math.floor(config.electionTimeoutMs / 4)),
        suspectMs: config.electionTimeoutMs / 4,
        // The part of an election timeout that is not random: a group whose clock stands must not wait for it once more.
        deadAfterMs: config.electionTimeoutMs,
        deafAfterMs: 2 * config.electionTimeoutMs,
        breakAfterMs: 10 * config.electionTimeoutMs,
      },
      facts: () => ({
        hostEpoch: options.hostEpoch,
        clusterEpoch: options.epoch.current(),
        topologyVersion: view.state.topology.version,
        routingVersion: view.state.routing.version,
      }),
      isMute: () => this.groups.isSilent,
      suspected: (node) => this.groups.hostSuspected(node),
      dead: (node) => this.#hostDead(node),
      alive: (node) => this.#hostAlive(node),
      beat: (node, { clusterEpoch, topologyVersion, routingVersion }) => {
        options.epoch.observe(clusterEpoch);
        this.#pulls.heard(node, topologyVersion, routingVersion);
      },
    });
    const decisions = new MemberDecisions({
      finder: this,
      acting,
      proposals: this.proposals,
      isAlive,
      state,
      ask: (node, kind, command, signal) => this.#call(node, METADATA_GROUP, kind, command, signal),
    });
    this.members = new MemberCommands({
      view,
      hints: this.leaders.hints,
      decide: (command, wait) => decisions.decide(command, wait),
    });
    answerRequests({
      runtime,
      requests: options.requests,
      view,
      groups: this.groups,
      proposals: this.proposals,
      decisions,
      announcements: this.#announcements,
      keeper: this.#keeper,
      driver: this.#driver,
      finder: this,
      acting,
      ready: () => this.#ready,
    });
  }

  #newStateMachine(group: number): StateMachine {
    if (group !== METADATA_GROUP) return this.#options.stateMachine(group);
    this.#metadata = new MetadataStateMachine({
      user: this.#options.metadataStateMachine?.(),
      listener: (state) => this.#options.view.offer(state),
    });
    return this.#metadata;
  }

  /** Recovers and opens the groups, and begins to take part. A founder campaigns at once. */
  async start(): Promise<void> {
    const { view, links, config, held } = this.#options;
    view.watch((state) => {
      this.#options.epoch.observe(state.epoch);
      this.#reactSoon();
    });
    await this.groups.start(held);
    if (foundingEntry(view.state) !== undefined) this.groups.campaignAll();
    links.setPeers(this.#peers());
    links.setSeeds(config.seeds);
    // Connections that were accepted before there were groups to tell.
    for (const { id } of this.#peers()) {
      const hostEpoch = links.hostEpochOf(id);
      if (hostEpoch !== undefined) this.peerConnected(id, hostEpoch);
    }
    this.liveness.start();
    this.#balancer.start();
    if (!this.groups.hasGroup(METADATA_GROUP)) return this.#becomeReady();
    // A restored snapshot was applied too, and behind it nothing may come for long.
    if (this.groups.status(METADATA_GROUP).appliedIndex > 0) this.latch.open();
    this.latch.whenOpen(() => this.#becomeReady());
  }

  /** Stops taking part; what waits fails with Shutdown. Whoever asks again waits for the same end. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#stopped = true;
    this.#abort.abort(new FlotillaError('Shutdown', { message: 'the node stops', details: {} }));
    this.liveness.stop();
    this.#balancer.stop();
    this.#driver.stop();
    this.#reports.stop();
    for (const expiry of this.#expiries) expiry[Symbol.dispose]();
    await this.groups.stop();
    await this.#keeper.stop();
  }

  // Leaders

  /** Whether this node leads group 0, and may act as its leader. */
  get acting(): boolean {
    return this.#leadership.acting && !this.#stopped;
  }

  leaderOf(group: number): number | undefined {
    return this.leaders.of(group);
  }

  learnLeader(group: number, leader: number | undefined): void {
    this.leaders.told(group, leader);
  }

  /** Members that replicate the group are likelier to be linked with its leader. */
  forwarders(group: number): readonly number[] {
    const members = this.#options.view.state.routing.groups.get(group)?.voters ?? [];
    const connected = this.#connected();
    const isMember = (node: number): boolean => members.includes(node);
    return [...connected.filter(isMember), ...connected.filter((node) => !isMember(node))];
  }

  /** Where a node can be dialled first; undefined: only over connections that it opens. */
  addressOf(node: number): string | undefined {
    return this.#options.view.state.topology.nodes.get(node)?.addresses[0];
  }

  /** Hands the leadership of a group over, through its present leader. */
  transfer(group: number, to: number, wait: WaitOptions): Promise<void> {
    return throughLeader<void>(this, group, {
      here: () => this.groups.transferLeadership(group, to, wait),
      there: (node) => this.#transferFrom(node, group, to, wait),
    });
  }

  async #transferFrom(leader: number, group: number, to: number, wait: WaitOptions): Promise<void> {
    if (leader === this.nodeId) return this.groups.transferLeadership(group, to, wait);
    await this.#call(leader, group, TRANSFER, { group, to }, wait.signal);
  }

  // What happens in groups

  #observer(): GroupObserver {
    const { onEvent } = this.#options;
    return {
      leaderChanged: (change) => this.#leaderChanged(change),
      confChangeApplied: (change) => this.#confChangeApplied(change),
      appliedTo: (group) => {
        this.#keeper.established(group);
        if (group === METADATA_GROUP) this.latch.open();
      },
      snapshotSent: (group, peer, error) => {
        if (error === undefined) onEvent({ name: 'snapshot.sent', group, peer });
        else onEvent({ name: 'snapshot.failed', group, peer, error: error.message });
      },
      groupStopped: (group, error) => onEvent({ name: 'group.stopped', group, error: error.message }),
      groupAdded: (group) => onEvent({ name: 'group.added', group }),
      groupRemoved: (group) => {
        this.leaders.dropped(group);
        this.#confIndexes.delete(group);
        onEvent({ name: 'group.removed', group });
      },
    };
  }

  #leaderChanged(change: LeaderChange): void {
    const { group, leader, term, role } = change;
    const isAnother = this.leaders.changed(change);
    if (role === Role.Leader) {
      this.#announcements.won(group, term);
      this.#reports.report(group);
    }
    if (group === METADATA_GROUP) this.#leadership.leaderChanged(change);
    if (!isAnother) return;
    this.#options.onEvent({ name: 'leader.changed', group, leader, term });
    this.#leaderLearned(group);
  }

  #leaderLearned(group: number): void {
    this.#balancer.leaderChanged(group);
    this.#driver.kick();
  }

  #confChangeApplied(change: AppliedConfChange): void {
    this.#confIndexes.set(change.group, change.index);
    this.#options.onEvent(confChangeEvent(change));
    if (this.leaders.ofReplica(change.group) === this.nodeId) this.#reports.report(change.group);
  }

  #ledConfiguration(group: number): LedConfiguration | undefined {
    if (!this.groups.hasGroup(group)) return undefined;
    const { role, incarnation, appliedIndex, confState } = this.groups.status(group);
    if (role !== 'leader') return undefined;
    return { incarnation, confIndex: this.#confIndexes.get(group) ?? appliedIndex, confState };
  }

  #led(): LeaderAnnouncement[] {
    return this.groups
      .statuses()
      .filter(({ role }) => role === 'leader')
      .map(({ group, term }) => ({ group, term }));
  }

  // What happens to the cluster

  /** Changes come from inside a turn of a loop: what they bring about is done in a turn of its own, once for all of them. */
  #reactSoon(): void {
    if (this.#reacting || this.#stopped) return;
    this.#reacting = true;
    this.#options.runtime.nextTurn(() => {
      this.#reacting = false;
      if (!this.#stopped) this.#react();
    });
  }

  #react(): void {
    const { view, links, catalog } = this.#options;
    // Told by #saving, which ends the node where the catalog is dead. What a full disk refused goes with the next change.
    this.#saving(catalog.saveMetadata(view.state)).catch(() => undefined);
    if (this.self?.state === 'decommissioned') {
      this.#options.failed(removedFromCluster(this.nodeId));
      return;
    }
    links.setPeers(this.#peers());
    this.groups.reconsiderPromotions();
    this.#keeper.reconcile();
    for (const { group } of this.#led()) this.#reports.report(group);
    this.#driver.kick();
    this.#balancer.changed();
    if (this.#ready) this.#options.ready();
  }

  async #saving(save: Promise<void>): Promise<void> {
    try {
      await save;
    } catch (error) {
      this.#catalogFailed(error);
      throw error;
    }
  }

  /** A catalog that failed is dead, as a log is: nothing that the node is told from now on would be known to its next life. So it ends. */
  #catalogFailed(error: unknown): void {
    if (this.#stopped) return;
    const failure = toFlotillaError(error);
    this.#options.onEvent({ name: 'catalog.save_failed', error: failure.message });
    if (failure.code === 'StorageFailed') this.#options.failed(failure);
  }

  #peers(): NodeInfo[] {
    const { topology } = this.#options.view.state;
    return [...topology.nodes.values()].filter(({ id, state }) => id !== this.nodeId && state !== 'decommissioned');
  }

  #connected(): readonly number[] {
    return this.#peers()
      .map(({ id }) => id)
      .filter((id) => this.#options.links.isConnected(id));
  }

  /** A usable connection to the node exists where none was. */
  peerConnected(node: number, hostEpoch: number): void {
    this.liveness.connected(node, hostEpoch);
    this.#announcements.connected(node);
  }

  /** The connection to the node was exchanged for another one, which the other side may have taken for its first: it has forgotten what it was told. */
  peerReconnected(node: number): void {
    this.#announcements.connected(node);
  }

  /** The last usable connection to the node broke. */
  peerBroken(node: number, why: 'reset' | 'dropped'): void {
    if (why === 'dropped') this.liveness.forget(node);
    else this.liveness.broken(node);
  }

  #hostDead(node: number): void {
    this.groups.hostDead(node);
    // One that is only silent tells nobody again what it leads when it is heard; whoever is elected in its place does.
    if (!this.#options.links.isConnected(node)) this.leaders.hints.forgetNode(node);
    if (this.#mayLead(node)) this.#balancer.changed();
  }

  #hostAlive(node: number): void {
    this.groups.hostAlive(node);
    if (this.#mayLead(node)) this.#balancer.changed();
    this.#driver.kick();
  }

  /** A node that never votes may come and go as often as it likes without keeping leaders from being spread. */
  #mayLead(node: number): boolean {
    return this.#options.view.state.topology.nodes.get(node)?.voter !== false;
  }

  // This node

  /** What the cluster knows of this node. */
  get self(): NodeInfo | undefined {
    return this.#options.view.state.topology.nodes.get(this.nodeId);
  }

  #becomeReady(): void {
    if (this.#ready || this.#stopped) return;
    this.#ready = true;
    this.#options.ready();
    const { runtime, incarnation, addresses, onEvent } = this.#options;
    void introduce({
      runtime,
      incarnation,
      addresses,
      self: () => this.self,
      propose: (change) => this.proposals.propose({ kind: 'topology', change }, this.#wait),
      onEvent,
      signal: this.#abort.signal,
    });
  }

  // Requests

  get #wait(): { readonly signal: AbortSignal } {
    return { signal: this.#abort.signal };
  }

  #call<Q, A>(
    node: number,
    group: number,
    kind: RequestKind<Q, A>,
    question: Q,
    signal: AbortSignal = this.#abort.signal,
  ): Promise<A> {
    return this.#options.requests.call(node, kind, question, { timeoutMs: REQUEST_TIMEOUT_MS, group, signal });
  }
}
