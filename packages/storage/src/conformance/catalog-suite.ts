import type { Catalog, CatalogRecord } from '../catalog.js';
import type { FilesFault } from '../memory/files-call.js';
import { MemoryFiles } from '../memory/memory-files.js';
import { survivalsOf } from './log-crash.js';
import { check, type ConformanceRunner, equal, rejects, seededRandom, toError } from './suite.js';

/** Where a test's catalog stands. */
export interface CatalogUnderTest {
  /** Opens it; again after the one before was closed. */
  open(): Promise<Catalog>;
  /** Called after the test. */
  dispose?(): Promise<void>;
}

/** Of the suite. */
export interface CatalogConformanceOptions {
  /** Called once for each test: a place without a catalog. */
  create(): Promise<CatalogUnderTest>;
}

/** Registers the tests that every Catalog must pass. */
export function catalogConformance(runner: ConformanceRunner, options: CatalogConformanceOptions): void {
  const test = (name: string, body: (under: CatalogUnderTest) => Promise<void>): void =>
    runner.test(name, async () => {
      const under = await options.create();
      try {
        await body(under);
      } finally {
        await under.dispose?.();
      }
    });
  test('a fresh catalog is empty', async (under) => {
    const catalog = await under.open();
    equal([...(await catalog.load())], [], 'the record');
    await catalog.close();
  });
  test('values are replaced, kept and deleted by name, and found again', async (under) => {
    const catalog = await under.open();
    await catalog.save(changes({ a: [1], b: [2, 3], empty: [] }));
    await catalog.save(changes({ a: [4], c: [5] }));
    await catalog.save(new Map([['b', undefined]]));
    equal(plain(await catalog.load()), { a: [4], c: [5], empty: [] }, 'the record');
    await catalog.close();
    const again = await under.open();
    equal(plain(await again.load()), { a: [4], c: [5], empty: [] }, 'the record found again');
    await again.close();
  });
  test('saves in flight take effect first in first out', async (under) => {
    const catalog = await under.open();
    await Promise.all(Array.from({ length: 20 }, (_, at) => catalog.save(changes({ last: [at], [`n${at}`]: [at] }))));
    await catalog.close();
    const again = await under.open();
    const record = await again.load();
    equal(record.size, 21, 'values');
    equal([...(record.get('last') ?? [])], [19], 'the last one');
    await again.close();
  });
  test('names are any text, values any bytes', async (under) => {
    const catalog = await under.open();
    const large = Uint8Array.from({ length: 300_000 }, (_, at) => at & 0xff);
    await catalog.save(
      new Map([
        ['', Uint8Array.of(0)],
        ['größe/☃', large],
      ]),
    );
    await catalog.close();
    const again = await under.open();
    const record = await again.load();
    equal([...(record.get('') ?? [])], [0], 'the value without a name');
    const found = record.get('größe/☃');
    check(found?.length === large.length && found.every((byte, at) => byte === large[at]), 'the large value differs');
    await again.close();
  });
  test('a closed catalog refuses, and closes once', async (under) => {
    const catalog = await under.open();
    await catalog.close();
    await catalog.close();
    await rejects(catalog.save(changes({ a: [1] })), ['StorageFailed'], 'save');
  });
}

/** Of the crash suite. */
export interface CatalogCrashOptions {
  /** Opens the catalog over a tormented disk. */
  readonly open: (files: MemoryFiles) => Promise<Catalog>;
}

/** Registers the tests of a Catalog over Files in the face of crashes, faults and flipped bits. */
export function catalogCrashConformance(runner: ConformanceRunner, { open }: CatalogCrashOptions): void {
  for (const when of ['before', 'during', 'after'] as const) {
    runner.test(`a crash ${when} any call leaves one whole save or the next`, () =>
      catalogEverywhere(open, () => ({ kind: 'crash', when })),
    );
  }
  runner.test('a failed call loses nothing that was saved', () =>
    catalogEverywhere(open, () => ({ kind: 'fail', afterBytes: 512 })),
  );
  runner.test('a full disk loses nothing that was saved', () =>
    catalogEverywhere(open, () => ({ kind: 'fail', code: 'StorageFull' })),
  );
  runner.test('a flipped bit is StorageCorrupt, never an empty or a wrong record', async () => {
    const run = await runSaves(open, undefined);
    for (const path of run.files.paths()) {
      const bytes = run.files.peek(path) ?? new Uint8Array(0);
      for (let at = 0; at < bytes.length; at++) {
        const flipped = run.files.crash('all');
        flipped.tamper(path, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << (at % 8))));
        await rejects(load(open, flipped), ['StorageCorrupt'], `a load with byte ${at} of ${path} flipped`);
      }
    }
  });
}

const SAVES = 5;

interface SaveRun {
  readonly files: MemoryFiles;
  readonly saved: number;
  readonly issued: number;
  readonly error: unknown;
}

async function runSaves(
  open: CatalogCrashOptions['open'],
  plan: { readonly call: number; readonly fault: FilesFault } | undefined,
): Promise<SaveRun> {
  const files = new MemoryFiles({ onCall: (call) => (call.number === plan?.call ? plan.fault : undefined) });
  let saved = 0;
  let issued = 0;
  let error: unknown;
  try {
    const catalog = await open(files);
    while (issued < SAVES) {
      issued++;
      await catalog.save(changes({ count: [issued], [`n${issued}`]: Array.from({ length: 300 }, () => issued) }));
      saved = issued;
    }
    await catalog.close();
  } catch (caught) {
    error = caught;
  }
  return { files, saved, issued, error };
}

async function catalogEverywhere(
  open: CatalogCrashOptions['open'],
  fault: (call: number) => FilesFault,
): Promise<void> {
  const whole = await runSaves(open, undefined);
  if (whole.error !== undefined) throw toError(whole.error);
  const random = seededRandom(3);
  for (let call = 1; call <= whole.files.calls; call++) {
    const run = await runSaves(open, { call, fault: fault(call) });
    for (const survival of [...survivalsOf(run.files, 32, random), 'process' as const]) {
      const left = run.files.crash(survival);
      const count = await load(open, left);
      check(
        count >= run.saved && count <= run.issued,
        `call ${call}: save ${count} was found, ${run.saved} were resolved, ${run.issued} begun`,
      );
      const again = await load(open, left.crash('none'));
      check(again === count, `call ${call}: save ${count} was found, and after a power cut save ${again}`);
    }
  }
}

/** Loads and says which save it is; one that is not whole is an error. */
async function load(open: CatalogCrashOptions['open'], files: MemoryFiles): Promise<number> {
  const catalog = await open(files);
  const record = await catalog.load();
  const count = record.get('count')?.[0] ?? 0;
  equal(record.size, count === 0 ? 0 : count + 1, `values of save ${count}`);
  for (let save = 1; save <= count; save++) {
    const value = record.get(`n${save}`);
    check(value?.length === 300 && value.every((byte) => byte === save), `the value of save ${save} is not whole`);
  }
  await catalog.close();
  return count;
}

function changes(values: Record<string, readonly number[]>): Map<string, Uint8Array> {
  return new Map(Object.entries(values).map(([name, bytes]) => [name, Uint8Array.from(bytes)]));
}

function plain(record: CatalogRecord): Record<string, number[]> {
  return Object.fromEntries(
    [...record].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, bytes]) => [name, [...bytes]]),
  );
}
