import type { PlanOverrides, SimulatedCluster } from '@flotilla/simulator';

/**
 * A schedule that is known to show a bug, played on a whole cluster: its steps take the place of random faults, and everything else of a
 * run (clients, invariants, the checks at the end) is as in any other run.
 */
export interface Scenario {
  /** Kebab-case. */
  readonly name: string;
  /** Where the schedule comes from. */
  readonly source: string;
  /** How the cluster is made; faults are none. */
  readonly plan: PlanOverrides;
  /** Seed of everything that the steps leave to chance. */
  readonly seed: number;
  /**
   * Does the steps, in virtual time. What it cuts or stops is healed afterwards by the run. Resolves with what it expected in vain, where it
   * expects more than what holds of every run.
   */
  play(cluster: SimulatedCluster, wait: (ms: number) => Promise<void>): Promise<string | undefined>;
}

/** One group, with an election timeout of half a second: what a scenario configures that is about something else. */
export const ONE_GROUP = {
  numGroups: 1,
  tickMs: 50,
  heartbeatMs: 50,
  electionTimeoutMs: 500,
  preVote: true,
  checkQuorum: true,
} as const;
