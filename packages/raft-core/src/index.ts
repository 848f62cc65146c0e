export {
  asConfChangeV2,
  decodeConfChange,
  decodeConfChangeV2,
  encodeConfChange,
  encodeConfChangeV2,
  type MalformedConfChange,
} from './conf-change/codec.js';
export * from './conf-change/conf-change.js';
export {
  Changer,
  type ChangedConfiguration,
  type ChangeResult,
  type ConfChangeError,
  type RefusedConfiguration,
} from './conf-change/changer.js';
export {
  allVoters,
  confStatesEqual,
  EMPTY_CONFIGURATION,
  isJoint,
  type Configuration,
} from './conf-change/configuration.js';
export { isPossibleConfState, restoreConfiguration } from './conf-change/restore.js';
export { invariant, RaftInvariantError } from './invariant.js';
export * from './log/entry.js';
export { countWithin, entriesSize, entrySize, payloadSize } from './log/entry-size.js';
export { EMPTY_HARD_STATE, EMPTY_SNAPSHOT, MemoryStorage } from './log/memory-storage.js';
export * from './log/snapshot.js';
export * from './log/storage.js';
export { createMessage, isLocalType, isResponseType, NO_ENTRIES, NO_MESSAGES } from './message/create.js';
export * from './message/message.js';
export { NUMBER_LIMIT, validateMessage } from './message/validate.js';
export { jointCommittedIndex, jointVoteResult } from './quorum/joint.js';
export { majorityCommittedIndex, majorityVoteResult } from './quorum/majority.js';
export type { VoteResult } from './quorum/vote-result.js';
export type { RawNodeConfig, ReadOnlyOption } from './raw-node/config.js';
export type * from './raw-node/propose-result.js';
export type { BootstrapPeer } from './raw-node/bootstrap.js';
export { RawNode } from './raw-node/raw-node.js';
export * from './raw-node/ready.js';
export type { Status } from './raw-node/status.js';
export type { StepResult } from './raw-node/step-result.js';
export type * from './trace/election-events.js';
export type * from './trace/log-events.js';
export type * from './trace/membership-events.js';
export type * from './trace/node-events.js';
export type * from './trace/read-events.js';
export type * from './trace/replication-events.js';
export type * from './trace/snapshot-events.js';
export type * from './trace/trace-event.js';
export type * from './trace/transfer-events.js';
export { TraceKind } from './trace/trace-kind.js';
export { Progress, ProgressState, type ProgressStatus } from './tracker/progress.js';
export { ProgressTracker, type Tally } from './tracker/progress-tracker.js';
