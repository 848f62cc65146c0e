import { crc32c } from '@flotilla/bytes';
import type { Runtime } from '@flotilla/runtime';
import type { FilesFault } from '../memory/files-call.js';
import { MemoryFiles } from '../memory/memory-files.js';
import type { SnapshotStore, StoredSnapshot } from '../snapshot-store.js';
import { survivalsOf } from './log-crash.js';
import { JOINT_CONFIGURATION, markAt } from './log-workload.js';
import { check, type ConformanceRunner, equal, rejects, seededRandom, toError } from './suite.js';

/** Where a test's snapshots stand. */
export interface SnapshotStoreUnderTest {
  /** Opens the store; again after the one before was closed. Its ages are by `runtime`. */
  open(runtime: Pick<Runtime, 'now'>): Promise<SnapshotStore>;
  /** Called after the test. */
  dispose?(): Promise<void>;
}

/** Of the suite. */
export interface SnapshotStoreConformanceOptions {
  /** Called once for each test: a place without snapshots. */
  create(): Promise<SnapshotStoreUnderTest>;
}

type Test = (name: string, body: (under: SnapshotStoreUnderTest) => Promise<void>) => void;

const STILL: Pick<Runtime, 'now'> = { now: () => 0 };

/** Registers the tests that every SnapshotStore must pass. */
export function snapshotStoreConformance(runner: ConformanceRunner, options: SnapshotStoreConformanceOptions): void {
  const test: Test = (name, body) =>
    runner.test(name, async () => {
      const under = await options.create();
      try {
        await body(under);
      } finally {
        await under.dispose?.();
      }
    });
  runner.describe('snapshots', () => snapshotTests(test));
  runner.describe('partials', () => partialTests(test));
}

function snapshotTests(test: Test): void {
  test('a fresh store is empty', async (under) => {
    const store = await under.open(STILL);
    equal(await store.list(), [], 'the list');
    await store.close();
  });
  test('a committed snapshot is listed and read back, here and after a restart', async (under) => {
    const store = await under.open(STILL);
    const content = bytesOf(700_001, 1);
    const stored = await put(store, 3, 90, content);
    equal(
      stored,
      { group: 3, ...markAt(90, 2, JOINT_CONFIGURATION), size: content.length, checksum: crc32c(content) },
      'what was stored',
    );
    equal(await store.list(), [stored], 'the list');
    await expectContent(store, stored, content, 0);
    await store.close();
    const again = await under.open(STILL);
    equal(await again.list(), [stored], 'the list after a restart');
    await expectContent(again, stored, content, 0);
    await again.close();
  });
  test('the newest of every group is listed, ascending by group', async (under) => {
    const store = await under.open(STILL);
    for (const [group, index] of [
      [7, 5],
      [2, 8],
      [7, 12],
      [7, 9],
    ] as const) {
      await put(store, group, index, bytesOf(10, index));
    }
    equal(outline(await store.list()), ['2@8', '7@12'], 'the list');
    await store.close();
  });
  test('reading from an offset gives the rest; an empty snapshot gives nothing', async (under) => {
    const store = await under.open(STILL);
    const content = bytesOf(600_000, 4);
    const stored = await put(store, 1, 5, content);
    for (const offset of [0, 1, 299_999, 599_999, 600_000]) await expectContent(store, stored, content, offset);
    await rejects(drain(store.read(stored, { offset: 600_001 })), ['InvalidArgument'], 'an offset behind the end');
    await expectContent(store, await put(store, 1, 6, new Uint8Array(0)), new Uint8Array(0), 0);
    await store.close();
  });
  test('nothing is listed before commit, or after abort', async (under) => {
    const store = await under.open(STILL);
    const writer = await store.create(1, markAt(5, 1));
    await writer.write(bytesOf(100, 1));
    equal(await store.list(), [], 'the list during writing');
    await writer.abort();
    await writer.abort();
    equal(await store.list(), [], 'the list after abort');
    await rejects(writer.write(bytesOf(1, 1)), ['StorageFailed'], 'a write after abort');
    await store.close();
  });
  test('a commit that is not what was expected is StorageCorrupt, and leaves nothing', async (under) => {
    const store = await under.open(STILL);
    for (const expected of [
      { size: 99, checksum: crc32c(bytesOf(100, 1)) },
      { size: 100, checksum: 1 },
    ]) {
      const writer = await store.create(1, markAt(5, 1));
      await writer.write(bytesOf(100, 1));
      await rejects(writer.commit(expected), ['StorageCorrupt'], 'commit');
      equal(await store.list(), [], 'the list');
      const next = await store.create(1, markAt(5, 1), { resume: true });
      equal(next.offset, 0, 'offset of a resumed partial');
      await next.abort();
    }
    await store.close();
  });
  test('one writer a group at a time', async (under) => {
    const store = await under.open(STILL);
    const writer = await store.create(1, markAt(5, 1));
    await rejects(store.create(1, markAt(6, 1)), ['InvalidArgument'], 'a second writer');
    const other = await store.create(2, markAt(5, 1));
    await writer.commit();
    await other.abort();
    await (await store.create(1, markAt(6, 1))).abort();
    await store.close();
  });
  test('pruning drops what is older, or all, of one group', async (under) => {
    const store = await under.open(STILL);
    for (const index of [5, 6, 7]) await put(store, 1, index, bytesOf(10, index));
    await put(store, 2, 1, bytesOf(10, 1));
    await store.prune(1, { below: 7 });
    equal(outline(await store.list()), ['1@7', '2@1'], 'the list');
    await store.prune(1, { all: true });
    equal(outline(await store.list()), ['2@1'], 'the list');
    await store.close();
    const again = await under.open(STILL);
    equal(outline(await again.list()), ['2@1'], 'the list after a restart');
    await again.close();
  });
  test('a chunk may be used again once it was written', async (under) => {
    const store = await under.open(STILL);
    const writer = await store.create(1, markAt(5, 1));
    const chunk = new Uint8Array(1000);
    for (let round = 0; round < 5; round++) {
      chunk.fill(round);
      await writer.write(chunk);
    }
    const stored = await writer.commit();
    await expectContent(
      store,
      stored,
      Uint8Array.from({ length: 5000 }, (_, at) => Math.floor(at / 1000)),
      0,
    );
    await store.close();
  });
}

function partialTests(test: Test): void {
  test('a kept partial is resumed where it was left, also after a restart', async (under) => {
    const content = bytesOf(90_000, 6);
    let store = await under.open(STILL);
    let writer = await store.create(1, markAt(5, 1));
    await writer.write(content.subarray(0, 30_000));
    await writer.abort({ keep: true });
    writer = await store.create(1, markAt(5, 1), { resume: true });
    equal(writer.offset, 30_000, 'offset');
    await writer.write(content.subarray(30_000, 60_000));
    await writer.abort({ keep: true });
    await store.close();
    store = await under.open(STILL);
    writer = await store.create(1, markAt(5, 1), { resume: true });
    equal(writer.offset, 60_000, 'offset after a restart');
    await writer.write(content.subarray(60_000));
    const stored = await writer.commit({ size: content.length, checksum: crc32c(content) });
    await expectContent(store, stored, content, 0);
    await store.close();
  });
  test('closing the store keeps what writers wrote', async (under) => {
    const store = await under.open(STILL);
    const writer = await store.create(1, markAt(5, 1));
    await writer.write(bytesOf(5000, 1));
    await store.close();
    const again = await under.open(STILL);
    const resumed = await again.create(1, markAt(5, 1), { resume: true });
    equal(resumed.offset, 5000, 'offset');
    await resumed.abort();
    await again.close();
  });
  test('a partial of another mark, or one that is not wanted, is dropped', async (under) => {
    const store = await under.open(STILL);
    for (const [mark, resume] of [
      [markAt(6, 1), true],
      [markAt(5, 2), true],
      [markAt(5, 1, JOINT_CONFIGURATION), true],
      [markAt(5, 1), false],
    ] as const) {
      const writer = await store.create(1, markAt(5, 1));
      await writer.write(bytesOf(100, 1));
      await writer.abort({ keep: true });
      const other = await store.create(1, mark, { resume });
      equal(other.offset, 0, `offset with ${JSON.stringify(mark)}`);
      await other.abort();
      const anew = await store.create(1, markAt(5, 1), { resume: true });
      equal(anew.offset, 0, 'offset of what was dropped');
      await anew.abort();
    }
    await store.close();
  });
  test('partials that nobody touched for long are swept, those of a writer never', async (under) => {
    let now = 1000;
    const runtime = { now: () => now };
    const store = await under.open(runtime);
    const writer = await store.create(1, markAt(5, 1));
    await writer.write(bytesOf(100, 1));
    const other = await store.create(2, markAt(5, 1));
    await other.abort({ keep: true });
    now += 299;
    equal(await store.sweepPartials(300), 0, 'swept too early');
    now += 1;
    equal(await store.sweepPartials(300), 1, 'swept in time');
    await writer.abort({ keep: true });
    await store.close();
    now += 1000;
    const again = await under.open(runtime);
    equal(await again.sweepPartials(300), 0, 'swept at the opening');
    now += 300;
    equal(await again.sweepPartials(300), 1, 'swept in time after the opening');
    const resumed = await again.create(1, markAt(5, 1), { resume: true });
    equal(resumed.offset, 0, 'offset of what was swept');
    await resumed.abort();
    await again.close();
  });
}

/** Of the crash suite. */
export interface SnapshotStoreCrashOptions {
  /** Opens the store over a tormented disk. */
  readonly open: (files: MemoryFiles, runtime: Pick<Runtime, 'now'>) => Promise<SnapshotStore>;
}

/** Registers the tests of a SnapshotStore over Files in the face of crashes, faults and flipped bits. */
export function snapshotStoreCrashConformance(runner: ConformanceRunner, { open }: SnapshotStoreCrashOptions): void {
  for (const when of ['before', 'during', 'after'] as const) {
    runner.test(`a crash ${when} any call leaves whole snapshots, and those that were committed`, () =>
      storeEverywhere(open, { kind: 'crash', when }),
    );
  }
  runner.test('a failed call loses no committed snapshot', () =>
    storeEverywhere(open, { kind: 'fail', afterBytes: 512 }),
  );
  runner.test('a full disk loses no committed snapshot', () =>
    storeEverywhere(open, { kind: 'fail', code: 'StorageFull', afterBytes: 512 }),
  );
  runner.test('a flipped bit is StorageCorrupt or harmless, never a wrong snapshot', async () => {
    const run = await runStore(open, undefined);
    const disk = run.files.crash('all');
    for (const path of disk.paths()) {
      const bytes = disk.peek(path) ?? new Uint8Array(0);
      for (let at = 0; at < bytes.length; at++) {
        const flipped = disk.crash('all');
        flipped.tamper(path, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << (at % 8))));
        const outcome = await readStore(open, flipped).catch((error: unknown) => error);
        const isWhole = Array.isArray(outcome) && JSON.stringify(outcome) === JSON.stringify(run.committed);
        if (!isWhole)
          await rejects(Promise.reject(outcome), ['StorageCorrupt'], `byte ${at} of ${path} flipped: a look`);
      }
    }
  });
}

interface StoreRun {
  readonly files: MemoryFiles;
  /** Outlines of the snapshots that must be there, and of one more that may be. */
  readonly committed: readonly string[];
  readonly pending: string | undefined;
  readonly error: unknown;
}

/** Takes two snapshots, the second one by a resumed partial, and prunes the first. */
async function runStore(
  open: SnapshotStoreCrashOptions['open'],
  plan: { readonly call: number; readonly fault: FilesFault } | undefined,
): Promise<StoreRun> {
  const files = new MemoryFiles({ onCall: (call) => (call.number === plan?.call ? plan.fault : undefined) });
  let committed: string[] = [];
  let pending: string | undefined;
  let error: unknown;
  try {
    const store = await open(files, STILL);
    pending = '1@5';
    await put(store, 1, 5, bytesOf(1300, 5));
    committed = ['1@5'];
    const writer = await store.create(1, markAt(9, 2, JOINT_CONFIGURATION));
    await writer.write(bytesOf(1300, 9).subarray(0, 600));
    await writer.abort({ keep: true });
    const resumed = await store.create(1, markAt(9, 2, JOINT_CONFIGURATION), { resume: true });
    equal(resumed.offset, 600, 'offset');
    await resumed.write(bytesOf(1300, 9).subarray(600));
    pending = '1@9';
    await resumed.commit();
    committed = ['1@9'];
    await store.prune(1, { below: 9 });
    await store.close();
  } catch (caught) {
    error = caught;
  }
  return { files, committed, pending, error };
}

async function storeEverywhere(open: SnapshotStoreCrashOptions['open'], fault: FilesFault): Promise<void> {
  const whole = await runStore(open, undefined);
  if (whole.error !== undefined) throw toError(whole.error);
  const random = seededRandom(4);
  for (let call = 1; call <= whole.files.calls; call++) {
    const run = await runStore(open, { call, fault });
    for (const survival of [...survivalsOf(run.files, 24, random), 'process' as const]) {
      const looked = run.files.crash(survival);
      const listed = await listStore(open, looked);
      const left = looked.crash('none');
      const found = await readStore(open, left);
      equal(found, listed, `call ${call}: what a power cut left of what was listed`);
      const allowed = [run.committed, ...(run.pending === undefined ? [] : [[run.pending]])];
      check(
        allowed.some((list) => JSON.stringify(list) === JSON.stringify(found)),
        () => `call ${call}: ${JSON.stringify(found)} was found, one of ${JSON.stringify(allowed)} should be`,
      );
      equal(await readStore(open, left.crash('none')), found, `call ${call}: what a power cut left of it`);
    }
  }
}

async function listStore(open: SnapshotStoreCrashOptions['open'], files: MemoryFiles): Promise<string[]> {
  const store = await open(files, STILL);
  const list = outline(await store.list());
  await store.close();
  return list;
}

/** Outlines of what is listed, each read whole and compared; then a snapshot is taken over whatever partials there are. */
async function readStore(open: SnapshotStoreCrashOptions['open'], files: MemoryFiles): Promise<string[]> {
  const store = await open(files, STILL);
  const list = await store.list();
  for (const stored of list) await expectContent(store, stored, bytesOf(1300, stored.index), 0);
  const resumed = await store.create(1, markAt(9, 2, JOINT_CONFIGURATION), { resume: true });
  const content = bytesOf(1300, 9);
  check(resumed.offset <= content.length, 'a partial is longer than what was written to it');
  await resumed.write(content.subarray(resumed.offset));
  const stored = await resumed.commit({ size: content.length, checksum: crc32c(content) });
  await expectContent(store, stored, content, 0);
  await store.prune(1, { all: true });
  for (const { group, index } of list) await put(store, group, index, bytesOf(1300, index));
  await store.close();
  return outline(list);
}

async function put(store: SnapshotStore, group: number, index: number, content: Uint8Array): Promise<StoredSnapshot> {
  const writer = await store.create(group, markAt(index, 2, JOINT_CONFIGURATION));
  for (let at = 0; at < content.length; at += 65_536) await writer.write(content.slice(at, at + 65_536));
  equal(writer.offset, content.length, 'offset');
  return writer.commit({ size: content.length, checksum: crc32c(content) });
}

async function expectContent(
  store: SnapshotStore,
  stored: StoredSnapshot,
  content: Uint8Array,
  offset: number,
): Promise<void> {
  const read = await drain(store.read(stored, { offset }));
  const expected = content.subarray(offset);
  check(
    read.length === expected.length && read.every((byte, at) => byte === expected[at]),
    `the content of ${stored.group}@${stored.index} from ${offset} differs`,
  );
}

async function drain(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const list: Uint8Array[] = [];
  for await (const piece of pieces) list.push(piece);
  const all = new Uint8Array(list.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of list) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function outline(list: readonly StoredSnapshot[]): string[] {
  return list.map(({ group, index }) => `${group}@${index}`);
}

function bytesOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 13 + (at >> 8) + seed) & 0xff);
}
