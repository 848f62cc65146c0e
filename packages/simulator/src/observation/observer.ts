import type { Observation } from './observation.js';

/** Is told of all that is observed in a run, at once and in order. */
export interface Observer {
  observe(observation: Observation): void;
}
