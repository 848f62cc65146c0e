export type { Runtime, Timer } from './runtime.js';
