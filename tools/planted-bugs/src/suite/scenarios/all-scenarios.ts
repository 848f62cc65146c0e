import { deafLeader } from './deaf-leader.js';
import { figure8 } from './figure-8.js';
import { halfSeenLeader } from './half-seen-leader.js';
import { isolatedLeader } from './isolated-leader.js';
import { longOldTail } from './long-old-tail.js';
import { lostCampaign } from './lost-campaign.js';
import { returningFollower } from './returning-follower.js';
import type { Scenario } from './scenario.js';

/** All scenarios. */
export const SCENARIOS: readonly Scenario[] = [
  deafLeader,
  figure8,
  halfSeenLeader,
  isolatedLeader,
  longOldTail,
  lostCampaign,
  returningFollower,
];
