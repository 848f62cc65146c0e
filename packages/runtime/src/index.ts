export { onAbort } from './on-abort.js';
export type { Runtime, Timer } from './runtime.js';
export { type Deadline, delay, turn, withDeadline } from './waits.js';
