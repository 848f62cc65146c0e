import { Prng } from '@flotilla/runtime/virtual';
import { drawFaults } from '../faults/draw-faults.js';
import type { Fault, FaultScope } from '../faults/fault.js';
import { burstTime, drawBursts, timeInBursts } from './bursts.js';
import type { PlannedConfig, PlannedDelay, SimulationMode, SimulationPlan, WorkloadPlan } from './simulation-plan.js';

/** What a caller decides instead of the seed. */
export interface PlanOverrides {
  readonly mode?: SimulationMode;
  readonly nodes?: number;
  /** Kinds of fault, all in play, instead of a random part of all that there are. An empty list: none. */
  readonly faults?: readonly string[];
  /** How long faults go on, in virtual ms. */
  readonly faultsMs?: number;
  readonly config?: PlannedConfig;
  readonly workload?: Partial<WorkloadPlan>;
}

/** One run in so many shows liveness. */
const LIVENESS_ONE_IN = 4;

/** Draws the plan of a seed. Every part has chance of its own, so that overriding one leaves the others as they are. */
export function drawPlan(seed: number, faults: readonly Fault[], overrides: PlanOverrides = {}): SimulationPlan {
  const prng = new Prng(`${seed}/plan`);
  const shape = prng.fork('shape');
  const mode = overrides.mode ?? (shape.integer(0, LIVENESS_ONE_IN) === 0 ? 'liveness' : 'safety');
  const drawnNodes = shape.pick([1, 3, 3, 3, 4, 5, 5]);
  const nodes =
    overrides.nodes ?? (mode === 'liveness' && overrides.mode === undefined ? Math.max(3, drawnNodes) : drawnNodes);
  const drawn = drawConfig(prng.fork('config'), nodes, mode);
  const config = { ...drawn, leaseReads: drawLeaseReads(prng.fork('lease'), drawn), ...overrides.config };
  const named = overrides.faults;
  const faultsMs = overrides.faultsMs ?? prng.fork('duration').pick([60_000, 120_000, 240_000, 360_000]);
  const bursts = drawBursts(prng.fork('bursts'));
  const scope: FaultScope = {
    nodes: Array.from({ length: nodes }, (_, at) => `n${at + 1}`),
    groups: 1 + (config.numGroups ?? 1),
    durationMs: burstTime(faultsMs, bursts),
  };
  const actions = drawFaults(scope, prng.fork('faults'), {
    faults: named === undefined ? faults : faults.filter(({ kind }) => named.includes(kind)),
    inPlay: named === undefined ? 'some' : 'all',
    trustedClocks: config.leaseReads === true,
  }).map((action) => ({ ...action, atMs: timeInBursts(action.atMs, bursts) }));
  return {
    seed,
    mode,
    nodes,
    config,
    segmentBytes: prng.fork('segments').pick([8_192, 16_384, 65_536]),
    latency: drawLatency(prng.fork('latency')),
    diskLatency: drawDiskLatency(prng.fork('disk')),
    driftPpmMax: prng.fork('drift').pick([0, 0, 100, 1_000, 20_000]),
    workload: { ...drawWorkload(prng.fork('workload')), ...overrides.workload },
    faultsMs,
    drawn: actions.length,
    actions,
  };
}

/** The plan with some of its actions only, by their numbers. */
export function onlyActions(plan: SimulationPlan, numbers: readonly number[]): SimulationPlan {
  return { ...plan, actions: plan.actions.filter(({ number }) => numbers.includes(number)) };
}

function drawConfig(prng: Prng, nodes: number, mode: SimulationMode): PlannedConfig {
  const tickMs = prng.pick([50, 100, 100, 100, 200]);
  const heartbeatMs = tickMs * prng.pick([1, 1, 2]);
  const electionTimeoutMs = tickMs * prng.pick([10, 10, 20]);
  const careful = mode === 'liveness';
  return {
    numGroups: prng.integer(1, 5),
    replicationFactor: nodes === 5 ? prng.pick([3, 5]) : 3,
    tickMs,
    heartbeatMs,
    electionTimeoutMs,
    preVote: careful || prng.chance(0.9),
    checkQuorum: careful || prng.chance(0.9),
    snapshotChunkBytes: prng.pick([1_024, 4_096, 65_536]),
    compaction: { entries: prng.pick([1, 3, 10, 50, 1_000]) },
    limits: drawLimits(prng),
  };
}

/** Leases need leaders that step down, and clocks that run about equally: no fault strikes those in such a run. */
function drawLeaseReads(prng: Prng, { preVote, checkQuorum }: PlannedConfig): boolean {
  return preVote === true && checkQuorum === true && prng.chance(0.15);
}

function drawLimits(prng: Prng): NonNullable<PlannedConfig['limits']> {
  if (prng.chance(0.5)) return {};
  return {
    messageBytesMax: prng.pick([256, 4_096, 65_536]),
    inflightMessagesMax: prng.pick([1, 2, 8, 64]),
    applyEntriesMax: prng.pick([1, 7, 512]),
  };
}

function drawLatency(prng: Prng): PlannedDelay {
  switch (prng.integer(0, 4)) {
    case 0:
      return { kind: 'constant', ms: prng.pick([0, 1, 5]) };
    case 1:
      return { kind: 'uniform', minMs: 0, maxMs: prng.pick([2, 10, 50]) };
    default:
      return { kind: 'exponential', minMs: 0.1, meanMs: prng.pick([1, 5, 20]), maxMs: 200 };
  }
}

function drawDiskLatency(prng: Prng): PlannedDelay {
  if (prng.chance(0.3)) return { kind: 'none' };
  return { kind: 'exponential', minMs: 0.1, meanMs: prng.pick([0.5, 3, 15]), maxMs: 200 };
}

function drawWorkload(prng: Prng): WorkloadPlan {
  const clients = prng.integer(1, 5);
  return {
    clients,
    pauseMs: Math.round((clients * 1_000) / drawRate(prng)),
    keys: prng.pick([1, 3, 10]),
    valueBytes: prng.pick([16, 16, 512]),
  };
}

/** Operations a second of all clients together: few in most runs, since time without operations costs little. */
function drawRate(prng: Prng): number {
  const ticket = prng.float();
  if (ticket < 0.7) return prng.pick([1, 2, 4]);
  return ticket < 0.9 ? prng.pick([8, 16]) : prng.pick([40, 80]);
}
