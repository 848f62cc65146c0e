import type { LogBatch, LogEngine } from '../log-engine.js';
import { checkedLogEngine } from '../log/checked-log-engine.js';
import { differenceOf } from '../log/tee-log-engine.js';
import { entriesOf, JOINT_CONFIGURATION, markAt, randomBatches, scriptedBatches, workloadOf } from './log-workload.js';
import { check, type ConformanceRunner, equal, rejects, seededRandom } from './suite.js';

/** Where a test's log stands. */
export interface LogEngineUnderTest {
  /** Opens an engine over this test's log. Called again after the one before was closed: the same log is to be found. */
  open(): Promise<LogEngine>;
  /** Called after the test, with all engines closed. */
  dispose?(): Promise<void>;
}

/** Of the suite. */
export interface LogEngineConformanceOptions {
  /** Called once for each test: a place without a log. */
  create(): Promise<LogEngineUnderTest>;
  /** What the engine has, for what not every engine can. */
  readonly supports: {
    /** A second engine over the same log is refused with StorageLocked while the first is open. */
    readonly lock: boolean;
  };
}

type Test = (name: string, body: (under: LogEngineUnderTest) => Promise<void>) => void;

/**
 * Registers the tests that every LogEngine must pass: what the port's documentation says, sentence by sentence. Every engine
 * that a test opens is wrapped in `checkedLogEngine`, so the suite keeps the caller's side too.
 */
export function logEngineConformance(runner: ConformanceRunner, options: LogEngineConformanceOptions): void {
  const test: Test = (name, body) =>
    runner.test(name, async () => {
      const under = await options.create();
      try {
        await body(under);
      } finally {
        await under.dispose?.();
      }
    });
  runner.describe('recovery', () => recoveryTests(test));
  runner.describe('writes', () => writeTests(test));
  runner.describe('order', () => orderTests(test));
  runner.describe('refusals', () => refusalTests(test));
  runner.describe('life', () => lifeTests(test, options));
}

function recoveryTests(test: Test): void {
  test('a fresh log holds nothing', (under) => expectAfter(under, []));
  test('a log in which everything happened is found again as it was', (under) =>
    expectAfter(under, scriptedBatches(3)));
  test('random logs are found again as they were, after each of many restarts', async (under) => {
    const { batches, states } = await workloadOf(randomBatches(seededRandom(7), 120));
    for (let at = 0; at < batches.length; at += 10) {
      const engine = checkedLogEngine(await under.open());
      const difference = differenceOf(await engine.recover(), states[at] ?? []);
      check(difference === undefined, () => `after ${at} batches: ${difference}`);
      for (const batch of batches.slice(at, at + 10)) await engine.append(batch);
      await engine.close();
    }
  });
  test('groups come back ascending', async (under) => {
    await expectAfter(under, [[5, 3, 4, 1, 2].map((group) => ({ group, hardState: hardState(1) }))]);
  });
}

function writeTests(test: Test): void {
  test('every field of a hard state, a mark and an entry survives', (under) =>
    expectAfter(under, [
      [
        {
          group: 4294967297,
          snapshotMark: markAt(2 ** 52, 2 ** 51, JOINT_CONFIGURATION),
          hardState: { term: Number.MAX_SAFE_INTEGER - 1, vote: 2 ** 40, commit: 2 ** 52 },
          entries: [
            { term: 2 ** 51, index: 2 ** 52 + 1, type: 0, data: new Uint8Array(0) },
            { term: 2 ** 52, index: 2 ** 52 + 2, type: 1, data: Uint8Array.of(0) },
            { term: 2 ** 53 - 2, index: 2 ** 52 + 3, type: 2, data: new Uint8Array(5000).fill(255) },
          ],
        },
      ],
    ]));
  test('a first index at or below the last replaces the suffix', (under) =>
    expectAfter(under, [
      [{ group: 1, entries: entriesOf(1, 10, 1, 30) }],
      [{ group: 1, entries: entriesOf(6, 2, 2, 30) }],
      [{ group: 1, entries: entriesOf(8, 1, 3, 30) }],
      [{ group: 1, entries: entriesOf(1, 1, 4, 30) }],
    ]));
  test('compaction drops entries up to its index, never the mark', (under) =>
    expectAfter(under, [
      [{ group: 1, entries: entriesOf(1, 10, 1, 30) }],
      [{ group: 1, snapshotMark: markAt(8, 1), compactTo: 5 }],
      [{ group: 1, compactTo: 3 }],
      [{ group: 1, compactTo: 8 }],
    ]));
  test('an installed snapshot takes the place of the log, in one batch', (under) =>
    expectAfter(under, [
      [{ group: 1, hardState: hardState(1), entries: entriesOf(1, 3, 1, 30) }],
      [{ group: 1, snapshotMark: markAt(90, 5), resetLog: true, hardState: { term: 5, vote: 0, commit: 90 } }],
      [{ group: 1, entries: entriesOf(91, 2, 5, 30) }],
    ]));
  test('a removed group is gone, and can begin again in the same write', (under) =>
    expectAfter(under, [
      [1, 2].map((group) => ({ group, hardState: hardState(7), entries: entriesOf(1, 4, 7, 30) })),
      [{ group: 1, removed: true }],
      [{ group: 2, removed: true, hardState: hardState(1), entries: entriesOf(1, 1, 1, 30) }],
    ]));
  test('a batch of a thousand groups is one batch', (under) =>
    expectAfter(under, [
      Array.from({ length: 1000 }, (_, group) => ({
        group,
        hardState: { term: 1, vote: 1, commit: 1 },
        entries: entriesOf(1, 1, 1, 256),
      })),
    ]));
  test('an entry of several MiB is held', (under) =>
    expectAfter(under, [
      [{ group: 1, entries: entriesOf(1, 1, 1, 3_000_001) }],
      [{ group: 1, entries: entriesOf(2, 3, 1, 100) }],
    ]));
  test('an empty batch is a batch', (under) => expectAfter(under, [[], [{ group: 1, hardState: hardState(1) }], []]));
}

function orderTests(test: Test): void {
  test('appends in flight take effect, and resolve, first in first out', async (under) => {
    const engine = checkedLogEngine(await under.open());
    await engine.recover();
    const resolved: number[] = [];
    const flight = Array.from({ length: 40 }, (_, at) =>
      engine.append([{ group: 1, entries: entriesOf(at + 1, 1, 1, 100) }]).then(() => resolved.push(at)),
    );
    await Promise.all(flight);
    await engine.close();
    equal(
      resolved,
      flight.map((_, at) => at),
      'the order of resolution',
    );
    const again = await under.open();
    equal((await again.recover())[0]?.entries.length, 40, 'entries found again');
    await again.close();
  });
  test('an empty batch resolves after those before it', async (under) => {
    const engine = await under.open();
    await engine.recover();
    const resolved: string[] = [];
    await Promise.all([
      engine.append([{ group: 1, entries: entriesOf(1, 5, 1, 1000) }]).then(() => resolved.push('entries')),
      engine.append([]).then(() => resolved.push('empty')),
    ]);
    equal(resolved, ['entries', 'empty'], 'the order of resolution');
    await engine.close();
  });
  test('close waits for the appends in flight', async (under) => {
    const engine = await under.open();
    await engine.recover();
    const flight = [1, 2, 3].map((index) => engine.append([{ group: 1, entries: entriesOf(index, 1, 1, 2000) }]));
    await engine.close();
    await Promise.all(flight);
    const again = await under.open();
    equal((await again.recover())[0]?.entries.length, 3, 'entries found again');
    await again.close();
  });
}

/** Batches against the contract, on top of entries 1 to 9 and a mark at 6 with compaction to 4 in group 1. */
const REFUSED: readonly (readonly [why: string, batch: LogBatch])[] = [
  ['a gap', [{ group: 1, entries: entriesOf(11, 1, 1, 1) }]],
  ['a gap in a fresh group', [{ group: 2, entries: entriesOf(2, 1, 1, 1) }]],
  ['a gap inside', [{ group: 1, entries: [...entriesOf(10, 1, 1, 1), ...entriesOf(12, 1, 1, 1)] }]],
  ['a replacement of what is compacted', [{ group: 1, entries: entriesOf(4, 7, 1, 1) }]],
  ['a suffix that ends below the mark', [{ group: 1, entries: entriesOf(5, 1, 1, 1) }]],
  ['compaction above the mark', [{ group: 1, compactTo: 7 }]],
  ['compaction without a mark', [{ group: 2, compactTo: 1 }]],
  ['a mark below the mark', [{ group: 1, snapshotMark: markAt(5, 1) }]],
  ['a mark above the entries without a reset', [{ group: 1, snapshotMark: markAt(20, 1) }]],
  ['a reset, and entries that do not follow the mark', [{ group: 1, resetLog: true, entries: entriesOf(10, 1, 1, 1) }]],
  [
    'a group twice',
    [
      { group: 3, hardState: { term: 1, vote: 0, commit: 0 } },
      { group: 3, hardState: { term: 2, vote: 0, commit: 0 } },
    ],
  ],
  ['a group that is no number', [{ group: Number.NaN, hardState: { term: 1, vote: 0, commit: 0 } }]],
  ['a negative group', [{ group: -1, hardState: { term: 1, vote: 0, commit: 0 } }]],
  ['a hard state above 2^53', [{ group: 3, hardState: { term: 2 ** 53, vote: 0, commit: 0 } }]],
  [
    'an entry with a fractional term',
    [{ group: 3, entries: [{ term: 0.5, index: 1, type: 0, data: new Uint8Array(0) }] }],
  ],
];

function refusalTests(test: Test): void {
  for (const [why, batch] of REFUSED) {
    test(`${why} is refused with InvalidArgument, nothing is done, and the engine goes on`, async (under) => {
      const before: LogBatch[] = [
        [{ group: 1, hardState: hardState(1), entries: entriesOf(1, 9, 1, 20) }],
        [{ group: 1, snapshotMark: markAt(6, 1), compactTo: 4 }],
      ];
      const after: LogBatch = [{ group: 1, entries: entriesOf(10, 1, 1, 20) }];
      const engine = await under.open();
      await engine.recover();
      for (const good of before) await engine.append(good);
      await rejects(engine.append([{ group: 77, hardState: hardState(1) }, ...batch]), ['InvalidArgument'], why);
      await engine.append(after);
      await engine.close();
      await expectFound(under, [...before, after]);
    });
  }
}

function lifeTests(test: Test, { supports }: LogEngineConformanceOptions): void {
  test('recover is called once', async (under) => {
    const engine = await under.open();
    await engine.recover();
    await rejects(engine.recover(), ['StorageFailed'], 'a second recover');
    await engine.close();
  });
  test('append before recover, and after close, is refused', async (under) => {
    const engine = await under.open();
    await rejects(engine.append([]), ['StorageFailed'], 'append before recover');
    await engine.recover();
    await engine.close();
    await rejects(engine.append([{ group: 1, hardState: hardState(1) }]), ['StorageFailed'], 'append after close');
    await expectFound(under, []);
  });
  test('closing twice closes once, and disposing is closing', async (under) => {
    const engine = await under.open();
    await engine.recover();
    await engine.append([{ group: 1, hardState: hardState(1) }]);
    await engine.close();
    await engine.close();
    await engine[Symbol.asyncDispose]();
    const again = await under.open();
    await again[Symbol.asyncDispose]();
  });
  test('figures grow with the appends', async (under) => {
    const engine = await under.open();
    await engine.recover();
    for (let index = 1; index <= 5; index++) await engine.append([{ group: 1, entries: entriesOf(index, 1, 1, 100) }]);
    const { appends, syncs } = engine.stats();
    equal(appends, 5, 'appends');
    check(syncs <= 5, 'no more durable writes than appends');
    await engine.close();
  });
  if (!supports.lock) return;
  test('a second engine over the same log is refused with StorageLocked', async (under) => {
    const engine = await under.open();
    await rejects(under.open(), ['StorageLocked'], 'a second engine');
    await engine.close();
    await (await under.open()).close();
  });
}

function hardState(term: number): { term: number; vote: number; commit: number } {
  return { term, vote: 1, commit: 0 };
}

/** Appends the batches one by one and looks for them in a new engine. */
async function expectAfter(under: LogEngineUnderTest, batches: readonly LogBatch[]): Promise<void> {
  const engine = checkedLogEngine(await under.open());
  try {
    equal(await engine.recover(), [], 'a fresh log');
    for (const batch of batches) await engine.append(batch);
  } finally {
    await engine.close();
  }
  await expectFound(under, batches);
}

async function expectFound(under: LogEngineUnderTest, batches: readonly LogBatch[]): Promise<void> {
  const { states } = await workloadOf(batches);
  const engine = await under.open();
  try {
    const difference = differenceOf(await engine.recover(), states.at(-1) ?? []);
    check(difference === undefined, () => `what was found differs: ${difference}`);
  } finally {
    await engine.close();
  }
}
