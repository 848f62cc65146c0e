import type { Scenario } from './scenario.js';

/** All scenarios. */
export const SCENARIOS: readonly Scenario[] = [];
