import type { SessionLimits } from '../options.js';
import type { QuicSession } from '../session.js';
import type { ConformanceRunner, QuicConformanceOptions, SessionUnderTest } from './under-test.js';

/** What a test is given. */
export interface TestContext extends SessionUnderTest {
  /** So many of what is sent, fewer where the line is bad. */
  some(count: number): number;
}

/** Registers one test with a session of its own. */
export type SuiteTest = (
  name: string,
  limits: SessionLimits,
  body: (session: QuicSession, context: TestContext) => Promise<void>,
) => void;

/** @returns how tests are registered */
export function suiteTest(runner: ConformanceRunner, options: QuicConformanceOptions): SuiteTest {
  const lighter = options.lighter ?? 1;
  return (name, limits, body) =>
    runner.test(name, async () => {
      await using under = await options.create(limits);
      const context: TestContext = {
        session: under.session,
        peerEnded: () => under.peerEnded(),
        ...(under.kill === undefined ? {} : { kill: () => under.kill?.() ?? Promise.resolve() }),
        some: (count) => Math.max(1, Math.ceil(count / lighter)),
        [Symbol.asyncDispose]: async () => under[Symbol.asyncDispose](),
      };
      await body(under.session, context);
    });
}
