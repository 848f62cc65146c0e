import type { Prng } from '@flotilla/runtime/virtual';
import type { Observation } from '../observation/observation.js';
import type { Invariant } from '../invariants/invariant.js';
import type { WorkloadPlan } from '../plan/simulation-plan.js';
import type { Application } from '../world/application.js';
import type { SimulatedCluster } from '../world/simulated-cluster.js';

/** What is put to the test: an application on the nodes, and clients that use it. */
export interface Subject {
  readonly application: Application;
  /** Rules of this application alone, made anew for each run. */
  readonly invariants?: () => readonly Invariant[];
  /** Clients of one run. */
  workload(context: WorkloadContext): Workload;
}

/** What clients of one run know. */
export interface WorkloadContext {
  readonly cluster: SimulatedCluster;
  readonly plan: WorkloadPlan;
  /** Chance of the clients alone. */
  readonly prng: Prng;
}

/** Clients of one run. They live in the virtual world, on runtimes of their own (`cluster.world.createRuntime()`), and are never struck by faults. */
export interface Workload {
  /** Operations that were begun. */
  readonly operations: number;
  /** Histories for which the checker came to no verdict within its budget; known after `check`. */
  readonly undecided: number;
  /** Hears of all that happens in the cluster, in the midst of it: it may compare and keep, no more. @throws {InvariantViolation} */
  observe?(observation: Observation): void;
  /** Clients begin; resolves once they are connected. */
  start(): Promise<void>;
  /** Clients begin nothing more; resolves once every operation has an outcome, be it an unknown one. */
  stop(): Promise<void>;
  /** Writes and reads once in every group, through ordinary clients; resolves when all that succeeded. Called after `stop`. */
  probe(): Promise<void>;
  /** What must hold of all that clients saw, once the cluster is at rest. @throws {InvariantViolation} */
  check(): void | Promise<void>;
  /** Closes clients. */
  close(): Promise<void>;
}
