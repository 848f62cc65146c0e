import { figure8 } from './figure-8.js';
import { isolatedLeader } from './isolated-leader.js';
import type { Scenario } from './scenario.js';

/** All scenarios. */
export const SCENARIOS: readonly Scenario[] = [figure8, isolatedLeader];
