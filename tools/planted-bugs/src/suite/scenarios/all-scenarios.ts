import { brokenSnapshot } from './broken-snapshot.js';
import { changeOnAHungDisk } from './change-on-a-hung-disk.js';
import { deafLeader } from './deaf-leader.js';
import { delayedReadAnswers } from './delayed-read-answers.js';
import { figure8 } from './figure-8.js';
import { halfSeenLeader } from './half-seen-leader.js';
import { hungDisk } from './hung-disk.js';
import { idleLeaderDies } from './idle-leader-dies.js';
import { isolatedLeader } from './isolated-leader.js';
import { jointWithoutTheOldHalf } from './joint-without-the-old-half.js';
import { lateAttempt } from './late-attempt.js';
import { longOldTail } from './long-old-tail.js';
import { lostCampaign } from './lost-campaign.js';
import { returningFollower } from './returning-follower.js';
import type { Scenario } from './scenario.js';

/** All scenarios. */
export const SCENARIOS: readonly Scenario[] = [
  brokenSnapshot,
  changeOnAHungDisk,
  deafLeader,
  delayedReadAnswers,
  figure8,
  halfSeenLeader,
  hungDisk,
  idleLeaderDies,
  isolatedLeader,
  jointWithoutTheOldHalf,
  lateAttempt,
  longOldTail,
  lostCampaign,
  returningFollower,
];
