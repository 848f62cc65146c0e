import type { PlantedBug } from '../planted-bug.js';
import { acknowledgedBeforeTheDisk } from './acknowledged-before-the-disk.js';
import { acknowledgedCommandAppliedAgain } from './acknowledged-command-applied-again.js';
import { activityMarksNeverCleared } from './activity-marks-never-cleared.js';
import { appliesKeptAtInstall } from './applies-kept-at-install.js';
import { batchChecksumNotVerified } from './batch-checksum-not-verified.js';
import { campaignBeforeTheOwnVoteIsDurable } from './campaign-before-the-own-vote-is-durable.js';
import { campaignOverAnUnappliedChange } from './campaign-over-an-unapplied-change.js';
import { catalogAfterTheFirstRecord } from './catalog-after-the-first-record.js';
import { catalogRenamedBeforeSync } from './catalog-renamed-before-sync.js';
import { changeBeforeOwnTermCommit } from './change-before-own-term-commit.js';
import { checkQuorumOff } from './check-quorum-off.js';
import { commandAppliedTwice } from './command-applied-twice.js';
import { commitFromUnsortedMatches } from './commit-from-unsorted-matches.js';
import { commitQuorumOffByOne } from './commit-quorum-off-by-one.js';
import { compactedSegmentLabelledFirst } from './compacted-segment-labelled-first.js';
import { compactionDropsEntries } from './compaction-drops-entries.js';
import { compactionDropsHardStates } from './compaction-drops-hard-states.js';
import { compareOfModByCreate } from './compare-of-mod-by-create.js';
import { conflictKept } from './conflict-kept.js';
import { dataGroupAboveItsReplicationFactor } from './data-group-above-its-replication-factor.js';
import { eachSeedFoundsACluster } from './each-seed-founds-a-cluster.js';
import { epochNotRaised } from './epoch-not-raised.js';
import { failedCommandHalfApplied } from './failed-command-half-applied.js';
import { failedSnapshotTakenForSent } from './failed-snapshot-taken-for-sent.js';
import { failedSyncTriedAgain } from './failed-sync-tried-again.js';
import { figure8 } from './figure-8.js';
import { heartbeatCommitsBeyondTheMatch } from './heartbeat-commits-beyond-the-match.js';
import { heartbeatsOfTwoGroupsMerged } from './heartbeats-of-two-groups-merged.js';
import { higherTermInAnAnswerIgnored } from './higher-term-in-an-answer-ignored.js';
import { hungDiskKeepsTheLead } from './hung-disk-keeps-the-lead.js';
import { inflightWindowNeverFreed } from './inflight-window-never-freed.js';
import { installedBeforeItIsRestored } from './installed-before-it-is-restored.js';
import { jointCommitByTheNewHalf } from './joint-commit-by-the-new-half.js';
import { jointEnteredAsSimple } from './joint-entered-as-simple.js';
import { jointLeftByItsFirstLeaderOnly } from './joint-left-by-its-first-leader-only.js';
import { jointNeverLeft } from './joint-never-left.js';
import { jointVoteByTheNewHalf } from './joint-vote-by-the-new-half.js';
import { leaderCountsItselfBeforeTheDisk } from './leader-counts-itself-before-the-disk.js';
import { learnerCountedInTheQuorum } from './learner-counted-in-the-quorum.js';
import { leaseCheckOff } from './lease-check-off.js';
import { leaseReadsTrustClocks } from './lease-reads-trust-clocks.js';
import { logKeptAtInstall } from './log-kept-at-install.js';
import { logOnDiskKeptAtInstall } from './log-on-disk-kept-at-install.js';
import { logWrittenWithoutSync } from './log-written-without-sync.js';
import { lostWriteCalledDefinite } from './lost-write-called-definite.js';
import { noEntryOfTheOwnTerm } from './no-entry-of-the-own-term.js';
import { oldLeaderObeyed } from './old-leader-obeyed.js';
import { pinsDoNotHoldCompaction } from './pins-do-not-hold-compaction.js';
import { preVoteOff } from './pre-vote-off.js';
import { preVoteRaisesTheTerm } from './pre-vote-raises-the-term.js';
import { previousTermNotCompared } from './previous-term-not-compared.js';
import { probeNeverResumed } from './probe-never-resumed.js';
import { proposalsDuringATransfer } from './proposals-during-a-transfer.js';
import { readAskedAgainUnderItsOldNumber } from './read-asked-again-under-its-old-number.js';
import { readBeforeItIsApplied } from './read-before-it-is-applied.js';
import { readBeforeOwnTermCommit } from './read-before-own-term-commit.js';
import { readOfACompactedRevision } from './read-of-a-compacted-revision.js';
import { readPositionUsedAgain } from './read-position-used-again.js';
import { readWithoutAQuorumRound } from './read-without-a-quorum-round.js';
import { recoveryCutsAtTheFirstBadBatch } from './recovery-cuts-at-the-first-bad-batch.js';
import { repeatedAcknowledgementBeforeTheDisk } from './repeated-acknowledgement-before-the-disk.js';
import { sessionsExpireBesideTheLog } from './sessions-expire-beside-the-log.js';
import { sessionsLeftOutOfTheSnapshot } from './sessions-left-out-of-the-snapshot.js';
import { singleVoterAppliesBeforeTheDisk } from './single-voter-applies-before-the-disk.js';
import { sleepingFollowerNeverWoken } from './sleeping-follower-never-woken.js';
import { snapshotAheadOfItsState } from './snapshot-ahead-of-its-state.js';
import { snapshotChecksumNotVerified } from './snapshot-checksum-not-verified.js';
import { snapshotNameNotSynced } from './snapshot-name-not-synced.js';
import { snapshotOfAStaleConfiguration } from './snapshot-of-a-stale-configuration.js';
import { snapshotRenamedBeforeSync } from './snapshot-renamed-before-sync.js';
import { snapshotStateNeverLeft } from './snapshot-state-never-left.js';
import { staleReadDuringReplay } from './stale-read-during-replay.js';
import { staleViewAccepted } from './stale-view-accepted.js';
import { termNotPersisted } from './term-not-persisted.js';
import { transferByPreVote } from './transfer-by-pre-vote.js';
import { transferToOneThatLags } from './transfer-to-one-that-lags.js';
import { twoChangesInFlight } from './two-changes-in-flight.js';
import { uncommittedApplied } from './uncommitted-applied.js';
import { unknownOutcomeCalledDefinite } from './unknown-outcome-called-definite.js';
import { unsafeRetry } from './unsafe-retry.js';
import { voteAnsweredBeforeDisk } from './vote-answered-before-disk.js';
import { voteClearedOnStepDown } from './vote-cleared-on-step-down.js';
import { voteForALongerLog } from './vote-for-a-longer-log.js';
import { voteForAnOlderLog } from './vote-for-an-older-log.js';
import { voteGrantedTwice } from './vote-granted-twice.js';
import { voteNotPersisted } from './vote-not-persisted.js';
import { voteQuorumOffByOne } from './vote-quorum-off-by-one.js';
import { watchGoesOnOneEventLate } from './watch-goes-on-one-event-late.js';
import { watchResumesOneRevisionLate } from './watch-resumes-one-revision-late.js';
import { watermarkBeforeVisible } from './watermark-before-visible.js';
import { wipedDiskKeepsItsName } from './wiped-disk-keeps-its-name.js';
import { wokenGroupDoesNotTick } from './woken-group-does-not-tick.js';

/** All bugs, by part of the system. */
export const ALL_BUGS: readonly PlantedBug[] = [
  voteClearedOnStepDown,
  voteGrantedTwice,
  voteNotPersisted,
  voteAnsweredBeforeDisk,
  campaignBeforeTheOwnVoteIsDurable,
  termNotPersisted,
  voteForAnOlderLog,
  voteForALongerLog,
  voteQuorumOffByOne,
  higherTermInAnAnswerIgnored,
  preVoteRaisesTheTerm,
  preVoteOff,
  leaseCheckOff,
  checkQuorumOff,
  activityMarksNeverCleared,
  noEntryOfTheOwnTerm,
  figure8,
  oldLeaderObeyed,
  readWithoutAQuorumRound,
  readBeforeOwnTermCommit,
  readPositionUsedAgain,
  readAskedAgainUnderItsOldNumber,
  readBeforeItIsApplied,
  staleReadDuringReplay,
  leaseReadsTrustClocks,
  watermarkBeforeVisible,
  commitFromUnsortedMatches,
  commitQuorumOffByOne,
  learnerCountedInTheQuorum,
  jointCommitByTheNewHalf,
  jointVoteByTheNewHalf,
  heartbeatCommitsBeyondTheMatch,
  previousTermNotCompared,
  conflictKept,
  acknowledgedBeforeTheDisk,
  leaderCountsItselfBeforeTheDisk,
  singleVoterAppliesBeforeTheDisk,
  repeatedAcknowledgementBeforeTheDisk,
  uncommittedApplied,
  probeNeverResumed,
  inflightWindowNeverFreed,
  snapshotStateNeverLeft,
  failedSnapshotTakenForSent,
  changeBeforeOwnTermCommit,
  twoChangesInFlight,
  campaignOverAnUnappliedChange,
  jointNeverLeft,
  jointLeftByItsFirstLeaderOnly,
  jointEnteredAsSimple,
  snapshotOfAStaleConfiguration,
  dataGroupAboveItsReplicationFactor,
  transferByPreVote,
  transferToOneThatLags,
  proposalsDuringATransfer,
  logWrittenWithoutSync,
  failedSyncTriedAgain,
  recoveryCutsAtTheFirstBadBatch,
  batchChecksumNotVerified,
  snapshotChecksumNotVerified,
  snapshotRenamedBeforeSync,
  snapshotNameNotSynced,
  catalogRenamedBeforeSync,
  catalogAfterTheFirstRecord,
  compactionDropsHardStates,
  compactionDropsEntries,
  compactedSegmentLabelledFirst,
  snapshotAheadOfItsState,
  installedBeforeItIsRestored,
  logOnDiskKeptAtInstall,
  appliesKeptAtInstall,
  logKeptAtInstall,
  hungDiskKeepsTheLead,
  wipedDiskKeepsItsName,
  heartbeatsOfTwoGroupsMerged,
  eachSeedFoundsACluster,
  epochNotRaised,
  staleViewAccepted,
  commandAppliedTwice,
  acknowledgedCommandAppliedAgain,
  sessionsLeftOutOfTheSnapshot,
  sessionsExpireBesideTheLog,
  unknownOutcomeCalledDefinite,
  unsafeRetry,
  lostWriteCalledDefinite,
  watchGoesOnOneEventLate,
  watchResumesOneRevisionLate,
  compareOfModByCreate,
  failedCommandHalfApplied,
  readOfACompactedRevision,
  pinsDoNotHoldCompaction,
  sleepingFollowerNeverWoken,
  wokenGroupDoesNotTick,
];
