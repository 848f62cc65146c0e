import { closingTests } from './conformance/closing.js';
import { frameTests } from './conformance/frames.js';
import { handshakeTests } from './conformance/handshake.js';
import { laneTests } from './conformance/lanes.js';
import { listeningTests } from './conformance/listening.js';
import { requestTests } from './conformance/requests.js';
import { streamTests } from './conformance/streams.js';
import { suiteTest } from './conformance/suite.js';
import type { ConformanceRunner, TransportConformanceOptions } from './conformance/under-test.js';

export { type CheckOptions, checkedTransport } from './conformance/checked-transport.js';
export { TestHandshake } from './conformance/pair.js';
export type {
  ConformanceRunner,
  RawPeer,
  TransportConformanceOptions,
  TransportUnderTest,
} from './conformance/under-test.js';

/** Registers the tests that every Transport must pass: what the port's documentation says, sentence by sentence. */
export function transportConformance(runner: ConformanceRunner, options: TransportConformanceOptions): void {
  const test = suiteTest(runner, options);
  runner.describe('handshake', () => handshakeTests(test));
  runner.describe('frames', () => frameTests(test));
  runner.describe('requests', () => requestTests(test));
  runner.describe('streams', () => streamTests(test));
  runner.describe('lanes', () => laneTests(test));
  runner.describe('closing', () => closingTests(test));
  runner.describe('listening and dialling', () => listeningTests(test, options.supports));
}
