import type { Fault } from './fault.js';

/** All kinds of fault, in a fixed order: which of them a seed draws depends on it. */
export const FAULTS: readonly Fault[] = [];
