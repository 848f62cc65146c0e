import { delay, turn, withDeadline } from './waits.js';
import type { Runtime } from './runtime.js';

/** What a suite needs of a test runner: those of vitest, of node:test and of Deno's bdd module fit. */
export interface ConformanceRunner {
  describe(name: string, body: () => void): void;
  test(name: string, body: () => Promise<void>): void;
}

/** A runtime under test. */
export interface RuntimeUnderTest {
  readonly runtime: Runtime;
  /** Settles as `work` does; drives time where the runtime's does not pass by itself (`VirtualWorld.settle`). */
  readonly settle: <T>(work: Promise<T>) => Promise<T>;
}

/** Registers the tests that every Runtime must pass. `create` is called once for each test. */
export function runtimeConformance(runner: ConformanceRunner, create: () => RuntimeUnderTest): void {
  const test = (name: string, body: (under: RuntimeUnderTest) => Promise<void>): void =>
    runner.test(name, () => body(create()));
  runner.describe('clocks', () => clockTests(test));
  runner.describe('timers', () => timerTests(test));
  runner.describe('turns', () => turnTests(test));
  runner.describe('chance', () => chanceTests(test));
  runner.describe('waits', () => waitTests(test));
}

type Test = (name: string, body: (under: RuntimeUnderTest) => Promise<void>) => void;

function clockTests(test: Test): void {
  test('the monotonic clock never goes back', async ({ runtime, settle }) => {
    let previous = runtime.now();
    for (let i = 0; i < 50; i++) {
      if (i % 10 === 9) await settle(turn(runtime));
      const now = runtime.now();
      check(now >= previous, `${now} after ${previous}`);
      previous = now;
    }
  });

  test('the wall clock shows a time of this century', async ({ runtime }) => {
    const now = runtime.wallClock();
    check(now > 946_684_800_000 && now < 4_102_444_800_000, `${now} ms since 1970`);
  });
}

function timerTests(test: Test): void {
  test('a timer fires no sooner than its delay', async ({ runtime, settle }) => {
    for (const ms of [0, 0.4, 1, 3, 10.5]) {
      const start = runtime.now();
      await settle(new Promise<void>((resolve) => runtime.setTimer(ms, resolve)));
      check(runtime.now() >= start + ms, `fired after ${runtime.now() - start} of ${ms} ms`);
    }
  });

  test('a delay below 0 is 0; one that is not finite is refused', async ({ runtime, settle }) => {
    await settle(new Promise<void>((resolve) => runtime.setTimer(-5, resolve)));
    for (const ms of [Number.NaN, Infinity, -Infinity]) {
      let refused = false;
      try {
        runtime.setTimer(ms, () => undefined);
      } catch (error) {
        refused = error instanceof RangeError;
      }
      check(refused, `a delay of ${ms} must throw RangeError`);
    }
  });

  test('a timer never fires within the call that sets it, and fires once', async ({ runtime, settle }) => {
    let fired = 0;
    runtime.setTimer(0, () => {
      fired += 1;
    });
    check(fired === 0, 'fired at once');
    await settle(delay(runtime, 20));
    check(fired === 1, `fired ${fired} times`);
  });

  test('a longer delay does not fire before a shorter one that was set at the same time', async ({
    runtime,
    settle,
  }) => {
    const order: number[] = [];
    runtime.setTimer(30, () => order.push(30));
    runtime.setTimer(5, () => order.push(5));
    await settle(delay(runtime, 60));
    check(order.join() === '5,30', `order ${order.join()}`);
  });

  test('a cancelled timer does not fire; cancelling again, or after it fired, does nothing', async ({
    runtime,
    settle,
  }) => {
    let fired = 0;
    const cancelled = runtime.setTimer(5, () => {
      fired += 1;
    });
    cancelled.cancel();
    cancelled.cancel();
    const done = runtime.setTimer(5, () => {
      fired += 10;
      done.cancel();
    });
    await settle(delay(runtime, 30));
    done.cancel();
    check(fired === 10, `fired ${fired}`);
  });

  test('a delay above what hosts take in one piece does not fire at once', async ({ runtime, settle }) => {
    let fired = false;
    const timer = runtime.setTimer(2 ** 31 + 5, () => {
      fired = true;
    });
    await settle(delay(runtime, 20));
    timer.cancel();
    check(!fired, 'fired early');
  });
}

function turnTests(test: Test): void {
  test('turns come first in first out, each after all microtasks', async ({ runtime, settle }) => {
    const story: string[] = [];
    const say = (what: string) => (): void => {
      story.push(what);
      void (async () => {
        for (let i = 0; i < 5; i++) await undefined;
        story.push(`${what}'s microtasks`);
      })();
    };
    runtime.nextTurn(say('first'));
    runtime.nextTurn(say('second'));
    story.push('now');
    await settle(turn(runtime).then(() => turn(runtime)));
    const expected = "now,first,first's microtasks,second,second's microtasks";
    check(story.join() === expected, `order ${story.join()}`);
  });

  test('a turn asked for within a turn is a later one', async ({ runtime, settle }) => {
    const story: string[] = [];
    const done = new Promise<void>((resolve) => {
      runtime.nextTurn(() => {
        runtime.nextTurn(() => {
          story.push('inner');
          resolve();
        });
        story.push('outer');
      });
      runtime.nextTurn(() => story.push('sibling'));
    });
    await settle(done);
    check(story.join() === 'outer,sibling,inner', `order ${story.join()}`);
  });

  test('turns in a row do not keep a timer from firing', async ({ runtime, settle }) => {
    let left = 500;
    const spin = (): void => {
      left -= 1;
      if (left > 0) runtime.nextTurn(spin);
    };
    runtime.nextTurn(spin);
    await settle(delay(runtime, 1));
  });
}

function chanceTests(test: Test): void {
  test('random numbers lie in [0, 1) and differ', async ({ runtime }) => {
    const seen = new Set<number>();
    for (let i = 0; i < 200; i++) {
      const value = runtime.random();
      check(value >= 0 && value < 1, `${value}`);
      seen.add(value);
    }
    check(seen.size > 190, `${seen.size} different numbers of 200`);
  });

  test('random bytes have the length asked for, also above what hosts give at once, and are not all alike', async ({
    runtime,
  }) => {
    for (const length of [0, 1, 7, 16, 65_536, 100_003]) {
      check(runtime.randomBytes(length).length === length, `${length} bytes`);
    }
    const bytes = runtime.randomBytes(100_003);
    check(new Set(bytes).size === 256, 'some byte never occurs');
    check(new Set(bytes.subarray(100_003 - 1000)).size > 200, 'the end is not filled');
    check(runtime.randomBytes(16).join() !== runtime.randomBytes(16).join(), 'the same 16 bytes twice');
  });
}

function waitTests(test: Test): void {
  test('delay ends with the reason of its signal, before or during the wait', async ({ runtime, settle }) => {
    const reason = new Error('enough');
    check((await failureOf(settle(delay(runtime, 10_000, AbortSignal.abort(reason))))) === reason, 'before');
    const controller = new AbortController();
    runtime.setTimer(2, () => controller.abort(reason));
    check((await failureOf(settle(delay(runtime, 10_000, controller.signal)))) === reason, 'during');
  });

  test('work beyond its deadline ends with the error given for it, and its signal aborts', async ({
    runtime,
    settle,
  }) => {
    const late = new Error('late');
    let inner: AbortSignal | undefined;
    const work = withDeadline(runtime, { ms: 3, expired: () => late }, (signal) => {
      inner = signal;
      return new Promise<never>(() => undefined);
    });
    check((await failureOf(settle(work))) === late, 'the error');
    check(inner?.aborted === true && inner.reason === late, 'the signal');
  });

  test('work within its deadline settles as it does', async ({ runtime, settle }) => {
    const deadline = { ms: 10_000, expired: () => new Error('late') };
    check((await settle(withDeadline(runtime, deadline, async () => 7))) === 7, 'the value');
    const own = new Error('own');
    check((await failureOf(settle(withDeadline(runtime, deadline, () => Promise.reject(own))))) === own, 'the failure');
    const thrown = withDeadline(runtime, deadline, () => {
      throw own;
    });
    check((await failureOf(settle(thrown))) === own, 'the throw');
  });

  test('the caller’s abort ends the work with its reason', async ({ runtime, settle }) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    runtime.setTimer(2, () => controller.abort(reason));
    const deadline = { ms: 10_000, signal: controller.signal, expired: () => new Error('late') };
    const work = withDeadline(runtime, deadline, (signal) => delay(runtime, 10_000, signal));
    check((await failureOf(settle(work))) === reason, 'during');
    check((await failureOf(settle(withDeadline(runtime, deadline, async () => 7)))) === reason, 'before');
  });
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(`the runtime breaks the contract: ${otherwise}`);
}
