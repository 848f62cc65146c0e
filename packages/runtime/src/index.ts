export { onAbort } from './on-abort.js';
export { promptTimers } from './prompt-timers.js';
export type { Runtime, Timer } from './runtime.js';
export { type Deadline, delay, turn, withDeadline } from './waits.js';
