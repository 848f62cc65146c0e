import type { Invariant } from './invariant.js';

/** All invariants, made anew for each run. */
export const INVARIANTS: () => readonly Invariant[] = () => [];
