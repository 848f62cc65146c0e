import type { Files } from '../files.js';
import { check, type ConformanceRunner, equal, rejects } from './suite.js';

/** A tree of files under test. */
export interface FilesUnderTest {
  readonly files: Files;
  /** Called after the test. */
  dispose?(): Promise<void>;
}

/** Of the suite. */
export interface FilesConformanceOptions {
  /** Called once for each test: an empty tree. */
  create(): Promise<FilesUnderTest>;
}

type Test = (name: string, body: (files: Files) => Promise<void>) => void;

/** Registers the tests that every Files must pass, as far as they can be seen without a power cut. */
export function filesConformance(runner: ConformanceRunner, options: FilesConformanceOptions): void {
  const test: Test = (name, body) =>
    runner.test(name, async () => {
      const under = await options.create();
      try {
        await body(under.files);
      } finally {
        await under.dispose?.();
      }
    });
  runner.describe('contents', () => contentTests(test));
  runner.describe('names', () => nameTests(test));
  runner.describe('locks', () => lockTests(test));
}

function contentTests(test: Test): void {
  for (const dataSync of [false, true]) {
    const kind = dataSync ? 'a data-synchronous handle' : 'a handle';
    test(`${kind} reads what was written, where it was written`, async (files) => {
      const handle = await files.open('a', { create: true, dataSync });
      await handle.writeAt(10, bytesOf(3000, 1));
      await handle.writeAt(1000, bytesOf(20, 9));
      await handle.sync();
      const read = await readAll(handle.size(), (target) => handle.readAt(0, target));
      const expected = new Uint8Array(3010);
      expected.set(bytesOf(3000, 1), 10);
      expected.set(bytesOf(20, 9), 1000);
      equal([...read], [...expected], 'the content');
      await handle.close();
    });
  }
  test('a gap reads as zeros, and the size is where the last byte ends', async (files) => {
    const handle = await files.open('a', { create: true });
    await handle.writeAt(2000, bytesOf(1, 5));
    equal(await handle.size(), 2001, 'size');
    const target = new Uint8Array(4).fill(1);
    equal(await handle.readAt(1998, target), 3, 'bytes read');
    equal([...target], [0, 0, 5, 1], 'content');
    equal(await handle.readAt(2001, target), 0, 'bytes read at the end');
    equal(await handle.readAt(9999, target), 0, 'bytes read behind the end');
    await handle.close();
  });
  test('writes to apart ranges may overlap in time', async (files) => {
    const handle = await files.open('a', { create: true, dataSync: true });
    await Promise.all(Array.from({ length: 16 }, (_, at) => handle.writeAt(at * 700, bytesOf(700, at))));
    for (let at = 0; at < 16; at++) {
      const target = new Uint8Array(700);
      await handle.readAt(at * 700, target);
      equal([...target], [...bytesOf(700, at)], `range ${at}`);
    }
    await handle.close();
  });
  test('a large write is whole', async (files) => {
    const handle = await files.open('a', { create: true });
    const bytes = bytesOf(3_000_000, 3);
    await handle.writeAt(5, bytes);
    const target = new Uint8Array(3_000_000);
    equal(await handle.readAt(5, target), target.length, 'bytes read');
    check(
      target.every((byte, at) => byte === bytes[at]),
      'the content differs',
    );
    await handle.close();
  });
  test('what one handle wrote another reads, and a later one too', async (files) => {
    const writer = await files.open('a', { create: true });
    const reader = await files.open('a');
    await writer.writeAt(0, bytesOf(10, 1));
    const target = new Uint8Array(10);
    await reader.readAt(0, target);
    equal([...target], [...bytesOf(10, 1)], 'the content');
    await writer.close();
    await reader.close();
    const later = await files.open('a', { create: true });
    equal(await later.size(), 10, 'size');
    await later.close();
  });
  test('a handle closes once and is of no use then', async (files) => {
    const handle = await files.open('a', { create: true });
    await handle.close();
    await handle.close();
    await handle[Symbol.asyncDispose]();
    await rejects(handle.readAt(0, new Uint8Array(1)), ['StorageFailed'], 'readAt');
    await rejects(handle.writeAt(0, new Uint8Array(1)), ['StorageFailed'], 'writeAt');
    await rejects(handle.sync(), ['StorageFailed'], 'sync');
    await rejects(handle.size(), ['StorageFailed'], 'size');
  });
}

function nameTests(test: Test): void {
  test('a missing file is refused unless it is to be made', async (files) => {
    await rejects(files.open('a'), ['StorageFailed'], 'open');
    await rejects(files.open('a', { dataSync: true }), ['StorageFailed'], 'open');
    await (await files.open('a', { create: true })).close();
    await (await files.open('a')).close();
  });
  test('a file in a missing folder is refused', async (files) => {
    await rejects(files.open('no/a', { create: true }), ['StorageFailed'], 'open');
  });
  test('folders are made with their parents, and again', async (files) => {
    await files.makeFolder('one/two/three');
    await files.makeFolder('one/two/three');
    await (await files.open('one/two/three/a', { create: true })).close();
    equal(await files.list('one'), ['two'], 'names in one');
    equal(await files.list('one/two/three'), ['a'], 'names in three');
    await files.syncFolder('one/two/three');
  });
  test('names are listed ascending; a missing folder has none', async (files) => {
    await files.makeFolder('x');
    for (const name of ['b', 'c', 'a', 'B', '10', '9']) await (await files.open(`x/${name}`, { create: true })).close();
    equal(await files.list('x'), ['10', '9', 'B', 'a', 'b', 'c'], 'names');
    equal(await files.list('y'), [], 'names of a missing folder');
  });
  test('a rename replaces what has the name', async (files) => {
    for (const [name, size] of [
      ['a', 1],
      ['b', 2],
    ] as const) {
      const handle = await files.open(name, { create: true });
      await handle.writeAt(0, bytesOf(size, 1));
      await handle.close();
    }
    await files.rename('a', 'b');
    equal((await files.list('.')).includes('a'), false, 'whether the old name is there');
    const handle = await files.open('b');
    equal(await handle.size(), 1, 'size under the new name');
    await handle.close();
    await rejects(files.rename('a', 'c'), ['StorageFailed'], 'a rename of a missing file');
  });
  test('removing a file removes it, and removing it again does nothing', async (files) => {
    await (await files.open('a', { create: true })).close();
    await files.remove('a');
    await files.remove('a');
    await rejects(files.open('a'), ['StorageFailed'], 'open');
  });
  test('an open handle stays with its file when it is renamed or removed', async (files) => {
    const handle = await files.open('a', { create: true });
    await files.rename('a', 'b');
    await handle.writeAt(0, bytesOf(5, 2));
    await files.remove('b');
    const target = new Uint8Array(5);
    equal(await handle.readAt(0, target), 5, 'bytes read');
    await handle.close();
  });
  test('a path never leads out of the tree', async (files) => {
    await rejects(files.open('../a', { create: true }), ['InvalidArgument'], 'open');
  });
}

function lockTests(test: Test): void {
  test('a locked folder is refused with StorageLocked, which names it, until it is released', async (files) => {
    await files.makeFolder('x');
    await files.makeFolder('y');
    const lock = await files.lock('x');
    await rejects(files.lock('x'), ['StorageLocked'], 'a second lock');
    const refusal = await files.lock('x').catch((error: unknown) => String(error));
    check(typeof refusal === 'string' && refusal.includes('x'), 'StorageLocked names the folder');
    const other = await files.lock('y');
    await lock.release();
    await lock.release();
    const again = await files.lock('x');
    await again[Symbol.asyncDispose]();
    await other.release();
  });
}

function bytesOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 7 + seed) & 0xff);
}

async function readAll(size: Promise<number>, read: (target: Uint8Array) => Promise<number>): Promise<Uint8Array> {
  const target = new Uint8Array(await size);
  equal(await read(target), target.length, 'bytes read');
  return target;
}
