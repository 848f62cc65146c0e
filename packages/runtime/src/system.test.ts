import { describe, test } from 'vitest';
import { runtimeConformance } from './conformance.js';
import { systemRuntime } from './system.js';

describe('the system’s runtime', () => {
  runtimeConformance({ describe, test }, () => ({ runtime: systemRuntime, settle: (work) => work }));
});
