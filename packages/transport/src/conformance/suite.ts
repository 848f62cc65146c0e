import type { Transport, TransportLimits } from '../transport.js';
import { checkedTransport } from './checked-transport.js';
import type { ConformanceRunner, TransportConformanceOptions, TransportUnderTest } from './under-test.js';

/** Registers one test, with the limits that it needs. */
export type SuiteTest = (
  name: string,
  limits: Partial<TransportLimits>,
  body: (under: TransportUnderTest) => Promise<void>,
) => void;

/** @returns how tests are registered: each with a transport of its own, whose contract is checked on the way. */
export function suiteTest(runner: ConformanceRunner, options: TransportConformanceOptions): SuiteTest {
  return (name, limits, body) =>
    runner.test(name, async () => {
      const under = await options.create(limits);
      const violations: Error[] = [];
      const report = (violation: Error): void => {
        violations.push(violation);
      };
      const dialler = checkedTransport(under.dialler, { runtime: under.runtime, report });
      const listener =
        under.listener === under.dialler
          ? dialler
          : checkedTransport(under.listener, { runtime: under.runtime, report });
      try {
        await under.settle(body(withTransports(under, dialler, listener)));
      } finally {
        await under.settle(Promise.all([dialler.close(), listener.close()]));
        await under.dispose?.();
      }
      const [violation] = violations;
      if (violation !== undefined) throw violation;
    });
}

function withTransports(under: TransportUnderTest, dialler: Transport, listener: Transport): TransportUnderTest {
  const { silent } = under;
  return {
    dialler,
    listener,
    runtime: under.runtime,
    address: under.address,
    unreachable: under.unreachable,
    ...(silent === undefined ? {} : { silent }),
    ...(under.connectRaw === undefined ? {} : { connectRaw: under.connectRaw.bind(under) }),
    settle: (work) => under.settle(work),
  };
}
