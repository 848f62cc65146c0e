export { type Budget, type CheckOptions, UnusableBudget } from './check/budget.js';
export {
  checkLinearizability,
  checkLinearizabilityInSlices,
  type SlicedCheckOptions,
} from './check/check-linearizability.js';
export type { PartitionVerdict, UnknownReason, Verdict, VerdictKind } from './check/verdict.js';
export { MalformedHistory } from './history/malformed-history.js';
export {
  type CompletedOperation,
  type History,
  type IndeterminateOperation,
  isIndeterminate,
  type Operation,
} from './history/operation.js';
export { HistoryRecorder, type OpenCall, type RecorderOptions } from './history/recorder.js';
export { anyOf, type Model, ModelContradiction, type ModelOperation, PossibleStates } from './model/model.js';
export { appendList, type AppendListInput, type AppendListOutput } from './models/append-list.js';
export {
  type CompareAndSetInput,
  type CompareAndSetOutput,
  compareAndSetRegister,
} from './models/compare-and-set-register.js';
export { counter, type CounterInput, type CounterOutput } from './models/counter.js';
export { keyValue, type KeyValueInput, type KeyValueOptions, type KeyValueOutput } from './models/key-value.js';
export { mutex, type MutexInput, type MutexOutput, type MutexState } from './models/mutex.js';
export { queue, type QueueInput, type QueueOutput } from './models/queue.js';
export { register, type RegisterInput, type RegisterOutput } from './models/register.js';
export { set, type SetInput, type SetOutput } from './models/set.js';
export { INITIAL, type UniqueWriteRole } from './unique-writes/role.js';
export { drawHtml, type HtmlOptions } from './picture/html.js';
export { drawText, type TextOptions } from './picture/text.js';
