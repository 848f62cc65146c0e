import { abortTests } from './conformance/aborts.js';
import { backPressureTests } from './conformance/back-pressure.js';
import { closingTests } from './conformance/closing.js';
import { datagramTests } from './conformance/datagrams.js';
import { limitTests } from './conformance/limits.js';
import { streamTests } from './conformance/streams.js';
import { suiteTest } from './conformance/suite.js';
import type { ConformanceRunner, QuicConformanceOptions } from './conformance/under-test.js';

export { conformancePeer } from './conformance/peer.js';
export type { ConformanceRunner, QuicConformanceOptions, SessionUnderTest } from './conformance/under-test.js';

/** Registers the tests that a session must pass on whatever runtime, whichever side it is; the other side runs `conformancePeer`. */
export function quicConformance(runner: ConformanceRunner, options: QuicConformanceOptions): void {
  const test = suiteTest(runner, options);
  runner.describe('streams', () => streamTests(test));
  runner.describe('datagrams', () => datagramTests(test));
  runner.describe('closing', () => closingTests(test));
  if (options.framed === false) return;
  runner.describe('aborts', () => abortTests(test));
  runner.describe('back-pressure', () => backPressureTests(test));
  runner.describe('limits', () => limitTests(test));
}
