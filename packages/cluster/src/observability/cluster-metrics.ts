import type { GroupStatus, RoleName } from '../group/group-status.js';
import { LIFECYCLE_PHASES, type LifecycleState } from '../lifecycle/lifecycle-state.js';
import { oneHot } from '../lifecycle/lifecycle.js';
import type { LinkReport } from '../liveness/peer-link.js';
import { LOOP_ERROR_KINDS, type LoopMetrics } from '../raft-loop/loop-metrics.js';
import type { ClusterEvent, ClusterEventName } from './cluster-event.js';
import type { MetricSample, MetricsRegistry } from './metrics-registry.js';

/** Where the numbers come from; asked at each scrape. */
export interface MetricSources {
  readonly lifecycle: () => LifecycleState;
  readonly epoch: () => number;
  readonly groups: () => readonly GroupStatus[];
  readonly links: () => readonly LinkReport[];
  /** One a worker. */
  readonly loops: () => readonly Readonly<LoopMetrics>[];
  readonly events: EventCounts;
}

/** Counts events by name; the names are a closed set. */
export class EventCounts {
  readonly #counts = new Map<ClusterEventName, number>();

  count(event: ClusterEvent): void {
    this.#counts.set(event.name, (this.#counts.get(event.name) ?? 0) + 1);
  }

  samples(): MetricSample[] {
    return [...this.#counts].map(([event, value]) => ({ labels: { event }, value }));
  }
}

const ROLES: readonly RoleName[] = ['follower', 'pre-candidate', 'candidate', 'leader', 'learner'];

/** The pump's counters that have no label of their own. */
const LOOP_COUNTERS = [
  ['iterations', 'flotilla_raft_loop_iterations_total', 'Turns that the loop took.'],
  ['committedEntries', 'flotilla_raft_committed_entries_total', 'Entries that became committed here, all groups.'],
  ['appliedEntries', 'flotilla_raft_applied_entries_total', 'Entries given to state machines, all groups.'],
  ['framesReceived', 'flotilla_raft_frames_received_total', 'Batches of Raft messages received.'],
  ['framesSent', 'flotilla_raft_frames_sent_total', 'Batches of Raft messages sent.'],
  ['framesRefused', 'flotilla_raft_frames_refused_total', 'Batches of Raft messages that no connection took.'],
  ['bytesReceived', 'flotilla_raft_received_bytes_total', 'Bytes of Raft messages received.'],
  ['bytesSent', 'flotilla_raft_sent_bytes_total', 'Bytes of Raft messages sent.'],
  ['messagesReceived', 'flotilla_raft_messages_received_total', 'Raft messages received, all groups.'],
  ['messagesSent', 'flotilla_raft_messages_sent_total', 'Raft messages sent, all groups.'],
  ['logAppends', 'flotilla_raft_log_appends_total', 'Batches given to the log.'],
  ['budgetExhausted', 'flotilla_raft_loop_budget_exhausted_total', 'Turns that ended with work left.'],
] as const;

/** Registers all numbers of a node. Labels are bounded: workers, groups held here, peers, and closed sets of words. */
export function registerClusterMetrics(registry: MetricsRegistry, sources: MetricSources): void {
  registerLoops(registry, sources);
  registerGroups(registry, sources);
  registry.register('gauge', 'flotilla_node_lifecycle', 'The phase of the node: 1 for the present one.', () =>
    LIFECYCLE_PHASES.map((phase) => ({ labels: { phase }, value: oneHot(sources.lifecycle(), phase) })),
  );
  registry.single(
    'gauge',
    'flotilla_cluster_epoch',
    'Acquisitions of group 0 leadership, as far as is known.',
    sources.epoch,
  );
  registry.register('gauge', 'flotilla_peer_connected', 'Whether there is a usable connection to the node.', () =>
    sources.links().map(({ node, connected }) => ({ labels: { peer: String(node) }, value: connected ? 1 : 0 })),
  );
  registry.register('counter', 'flotilla_events_total', 'Events by name.', () => sources.events.samples());
}

function registerLoops(registry: MetricsRegistry, { loops }: MetricSources): void {
  const perWorker = (read: (metrics: Readonly<LoopMetrics>) => number) => (): MetricSample[] =>
    loops().map((metrics, worker) => ({ labels: { worker: String(worker) }, value: read(metrics) }));
  for (const [field, name, help] of LOOP_COUNTERS)
    registry.register(
      'counter',
      name,
      help,
      perWorker((metrics) => metrics[field]),
    );
  registry.register(
    'gauge',
    'flotilla_raft_loop_up',
    'Whether the loop runs.',
    perWorker((metrics) => metrics.up),
  );
  registry.register(
    'gauge',
    'flotilla_raft_loop_last_iteration_duration_seconds',
    'How long the last turn took.',
    perWorker((metrics) => metrics.lastIterationDurationSeconds),
  );
  registry.register('counter', 'flotilla_raft_loop_errors_total', 'What went wrong in turns, by kind.', () =>
    loops().flatMap((metrics, worker) =>
      LOOP_ERROR_KINDS.map((kind) => ({ labels: { worker: String(worker), kind }, value: metrics.errors[kind] })),
    ),
  );
}

function registerGroups(registry: MetricsRegistry, { groups }: MetricSources): void {
  const perGroup = (read: (status: GroupStatus) => number) => (): MetricSample[] =>
    groups().map((status) => ({ labels: { group: String(status.group) }, value: read(status) }));
  registry.register('gauge', 'flotilla_groups', 'Groups held here, by role.', () =>
    ROLES.map((role) => ({ labels: { role }, value: groups().filter((status) => status.role === role).length })),
  );
  registry.register(
    'gauge',
    'flotilla_group_term',
    'Term of the group.',
    perGroup(({ term }) => term),
  );
  registry.register(
    'gauge',
    'flotilla_group_commit_index',
    'Highest index known to be committed.',
    perGroup(({ commitIndex }) => commitIndex),
  );
  registry.register(
    'gauge',
    'flotilla_group_applied_index',
    'Highest index whose effects are visible.',
    perGroup(({ appliedIndex }) => appliedIndex),
  );
  registry.register(
    'gauge',
    'flotilla_group_is_leader',
    'Whether this node leads the group.',
    perGroup(({ role }) => (role === 'leader' ? 1 : 0)),
  );
  registry.register(
    'gauge',
    'flotilla_group_has_leader',
    'Whether a leader of the group is known.',
    perGroup(({ leader }) => (leader === undefined ? 0 : 1)),
  );
  registry.register(
    'gauge',
    'flotilla_group_stopped',
    'Whether the group stopped by itself.',
    perGroup(({ stopped }) => (stopped === undefined ? 0 : 1)),
  );
}
