import { AcknowledgedWritesPresent } from './acknowledged-writes-present.js';
import { AppliedWatermark } from './applied-watermark.js';
import { BoundedQueues, type QueueBounds } from './bounded-queues.js';
import { ClusterEpoch } from './cluster-epoch.js';
import { CommitOnQuorum } from './commit-on-quorum.js';
import { ElectionSafety } from './election-safety.js';
import { EqualState } from './equal-state.js';
import { FollowsTheLeader } from './follows-the-leader.js';
import { GroupsKeepRunning } from './groups-keep-running.js';
import type { Invariant } from './invariant.js';
import { LeaderAppendOnly } from './leader-append-only.js';
import { LeaderCompleteness } from './leader-completeness.js';
import { LogMatching } from './log-matching.js';
import { MetadataVersions } from './metadata-versions.js';
import { MonotonicCommit } from './monotonic-commit.js';
import { MonotonicTermAndVote } from './monotonic-term-and-vote.js';
import { NoStuckGroup } from './no-stuck-group.js';
import { NoZombie } from './no-zombie.js';
import { OneAppendSenderATerm } from './one-append-sender-a-term.js';
import { OneCluster } from './one-cluster.js';
import { OneConfigurationChangeAtATime } from './one-configuration-change-at-a-time.js';
import { OneConfigurationHistory } from './one-configuration-history.js';
import { OneVoteATerm } from './one-vote-a-term.js';
import { OnlyVotersLead } from './only-voters-lead.js';
import { OrderlyTransfer } from './orderly-transfer.js';
import { PromiseAfterDurable } from './promise-after-durable.js';
import { ReadSafety } from './read-safety.js';
import { ReadyOnce } from './ready-once.js';
import { ReplicationFactor } from './replication-factor.js';
import { RestartFromDisk } from './restart-from-disk.js';
import { RestartKeepsPromises } from './restart-keeps-promises.js';
import { SnapshotOfCommitted } from './snapshot-of-committed.js';
import { StateMachineSafety } from './state-machine-safety.js';
import { VotesForCompleteLogs } from './votes-for-complete-logs.js';
import { YieldsToHigherTerms } from './yields-to-higher-terms.js';

/** All rules that hold whatever runs on a cluster, made anew for each run: those that find a cause stand before those that find its effect. */
export const INVARIANTS: (bounds?: QueueBounds) => readonly Invariant[] = (bounds) => [
  new RestartFromDisk(),
  new RestartKeepsPromises(),
  new MonotonicTermAndVote(),
  new PromiseAfterDurable(),
  new OneVoteATerm(),
  new OnlyVotersLead(),
  new VotesForCompleteLogs(),
  new YieldsToHigherTerms(),
  new ElectionSafety(),
  new OneAppendSenderATerm(),
  new LeaderAppendOnly(),
  new FollowsTheLeader(),
  new LogMatching(),
  new CommitOnQuorum(),
  new LeaderCompleteness(),
  new MonotonicCommit(),
  new StateMachineSafety(),
  new OneConfigurationChangeAtATime(),
  new OneConfigurationHistory(),
  new SnapshotOfCommitted(),
  new OrderlyTransfer(),
  new ReadSafety(),
  new AppliedWatermark(),
  new EqualState(),
  new AcknowledgedWritesPresent(),
  new ClusterEpoch(),
  new ReadyOnce(),
  new MetadataVersions(),
  new OneCluster(),
  new BoundedQueues(bounds),
  new GroupsKeepRunning(),
  new NoZombie(),
  new NoStuckGroup(),
  new ReplicationFactor(),
];
