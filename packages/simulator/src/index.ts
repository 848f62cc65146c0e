export type { FaultAction, FaultTarget } from './faults/fault-action.js';
export type { Fault, FaultFamily, FaultScope } from './faults/fault.js';
export type { QueueBounds } from './invariants/bounded-queues.js';
export { ExactlyOnce } from './invariants/exactly-once.js';
export { type Invariant, InvariantViolation } from './invariants/invariant.js';
export type { NodeEnd, Observation, ObservationKind, ReplicaId } from './observation/observation.js';
export { ObservedCluster } from './observation/observed-cluster.js';
export type { ObservedGroup } from './observation/observed-group.js';
export type { ObservedMachine } from './observation/observed-machine.js';
export type { ObservedReplica } from './observation/observed-replica.js';
export type { Observer } from './observation/observer.js';
export { drawPlan, onlyActions, type PlanOverrides } from './plan/draw-plan.js';
export type {
  PlannedConfig,
  PlannedDelay,
  SimulationMode,
  SimulationPlan,
  WorkloadPlan,
} from './plan/simulation-plan.js';
export { faultOf, FAULTS } from './faults/faults.js';
export { drawFaults, type DrawFaultsOptions } from './faults/draw-faults.js';
export { InvariantSet } from './invariants/invariant-set.js';
export { INVARIANTS } from './invariants/invariants.js';
export { type SeedRange, simulate, type SimulateOptions } from './simulate.js';
export { type SimulateResult, SimulationTally } from './simulation-tally.js';
export { Simulation, type SimulationOptions, type SimulationResult } from './simulation.js';
export type { StoryLine, StoryPlace } from './story/story.js';
export { Story } from './story/story.js';
export { replayArguments, storyText } from './story/story-text.js';
export type { Violation } from './violation.js';
export { kvEntry, kvRevisionOf } from './workload/kv-entry.js';
export { kvSubject } from './workload/kv-subject.js';
export { stateMachineSubject, type StateMachineSubjectOptions } from './workload/state-machine-subject.js';
export type { Subject, Workload, WorkloadContext } from './workload/workload.js';
export type { Application, ApplicationInstance, ApplicationLife } from './world/application.js';
export { SimulatedCluster, type SimulatedClusterOptions } from './world/simulated-cluster.js';
export { SimulatedDisk, type SimulatedDiskOptions } from './world/simulated-disk.js';
export { SimulatedNode, type SimulatedNodeOptions, type SimulatedNodeState } from './world/simulated-node.js';
export { kvApplication } from './world/kv-application.js';
export { unrest } from './liveness/rest.js';
export { ElectionCluster, type ElectionTime } from './elections/election-cluster.js';
export { type ElectionFigure, type ElectionSetup, THESIS_FIGURES } from './elections/election-setup.js';
export {
  compareWithThesis,
  type ElectionComparison,
  ElectionTimes,
  measureElections,
} from './elections/election-times.js';
export type { GraphOutcome } from './graphs/graph-run.js';
export { graphSummary, graphTable } from './graphs/graph-table.js';
export {
  type RunFiveNodeGraphsOptions,
  runFiveNodeGraphs,
  type RunGraphsOptions,
  runLinkCuts,
} from './graphs/run-graphs.js';
