import type { Scenario } from './scenario.js';

/** A cluster of five is founded over slow links: while one node becomes a voter, the next one asks to be let in. */
export const everybodyJoinsAtOnce: Scenario = {
  name: 'everybody-joins-at-once',
  source: 'Thesis, section 4.1: one change at a time',
  seed: 1,
  latencyMs: 60,
  plan: {
    nodes: 5,
    faultsMs: 5_000,
    config: { numGroups: 4, replicationFactor: 5, tickMs: 100, heartbeatMs: 100, electionTimeoutMs: 1_000 },
    workload: { clients: 1, pauseMs: 100, keys: 2, valueBytes: 16 },
  },
  async play(_cluster, wait) {
    await wait(4_000);
    return undefined;
  },
};
