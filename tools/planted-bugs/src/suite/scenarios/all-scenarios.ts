import { brokenSnapshot } from './broken-snapshot.js';
import { changeOnAHungDisk } from './change-on-a-hung-disk.js';
import { compactionUnderASnapshot } from './compaction-under-a-snapshot.js';
import { crashWhileAReplicaOpens } from './crash-while-a-replica-opens.js';
import { deafLeader } from './deaf-leader.js';
import { delayedReadAnswers } from './delayed-read-answers.js';
import { failingTransaction } from './failing-transaction.js';
import { figure8 } from './figure-8.js';
import { halfSeenLeader } from './half-seen-leader.js';
import { hungDisk } from './hung-disk.js';
import { idleLeaderDies } from './idle-leader-dies.js';
import { isolatedLeader } from './isolated-leader.js';
import { jointLeaderLost } from './joint-leader-lost.js';
import { jointWithoutTheOldHalf } from './joint-without-the-old-half.js';
import { lateAttempt } from './late-attempt.js';
import { longOldTail } from './long-old-tail.js';
import { lostCampaign } from './lost-campaign.js';
import { returningFollower } from './returning-follower.js';
import { snapshotBelowATail } from './snapshot-below-a-tail.js';
import { snapshotOverWaitingEntries } from './snapshot-over-waiting-entries.js';
import type { Scenario } from './scenario.js';

/** All scenarios. */
export const SCENARIOS: readonly Scenario[] = [
  brokenSnapshot,
  changeOnAHungDisk,
  compactionUnderASnapshot,
  crashWhileAReplicaOpens,
  deafLeader,
  delayedReadAnswers,
  failingTransaction,
  figure8,
  halfSeenLeader,
  hungDisk,
  idleLeaderDies,
  isolatedLeader,
  jointLeaderLost,
  jointWithoutTheOldHalf,
  lateAttempt,
  longOldTail,
  lostCampaign,
  returningFollower,
  snapshotBelowATail,
  snapshotOverWaitingEntries,
];
