import type { Delay } from '@flotilla/transport/memory';
import { uniformDelay } from '@flotilla/transport/memory';

/** Servers whose leader is killed again and again, and how long it takes until they have another. */
export interface ElectionSetup {
  readonly name: string;
  readonly servers: number;
  /** Servers that are down while a leader is elected, the killed one included. */
  readonly failed: number;
  /** From any server to any other, one way. */
  readonly latency: Delay;
  /** Election timeouts are drawn from [minMs, 2 * minMs), in whole ticks. */
  readonly electionTimeoutMinMs: number;
  readonly heartbeatMs: number;
  readonly tickMs: number;
  /** Off, as in the thesis, whose figures are without either: elections are what Raft's basic algorithm makes of them. */
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
}

/** A figure of the thesis that a setup should come to. */
export interface ElectionFigure {
  readonly setup: ElectionSetup;
  /** Mean time of an election, ms. */
  readonly meanMs: number;
  /** 99.9 % of elections take no longer, ms. */
  readonly within999Ms: number;
}

/**
 * The simulated WAN of the thesis, section 9.4 (`leaderelection:simulation`): five servers, each message 30 to 40 ms under way, timeouts of
 * 300 to 600 ms. The leader beats twice in the shortest timeout, as in the figures before it.
 */
function wan(failed: number): ElectionSetup {
  return {
    name: `WAN, ${failed} of 5 failed`,
    servers: 5,
    failed,
    latency: uniformDelay(30, 40),
    electionTimeoutMinMs: 300,
    heartbeatMs: 150,
    tickMs: 10,
    preVote: false,
    checkQuorum: false,
  };
}

/** The election times that the Raft thesis states for its simulated WAN (section 9.4). */
export const THESIS_FIGURES: readonly ElectionFigure[] = [
  { setup: wan(1), meanMs: 475, within999Ms: 1_500 },
  { setup: wan(2), meanMs: 650, within999Ms: 3_000 },
];
