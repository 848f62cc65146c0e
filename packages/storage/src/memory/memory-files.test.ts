import { describe, expect, test } from 'vitest';
import { filesConformance } from '../conformance.js';
import { type FilesFault, MemoryFiles, type Survival } from '../memory.js';

describe('MemoryFiles', () => {
  filesConformance({ describe, test }, { create: async () => ({ files: new MemoryFiles() }) });
});

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

async function withFile(options: { dataSync: boolean }): Promise<{
  files: MemoryFiles;
  write: (at: number, bytes: Uint8Array) => Promise<void>;
  sync: () => Promise<void>;
}> {
  const files = new MemoryFiles();
  const handle = await files.open('a', { create: true, ...options });
  await files.syncFolder('');
  return { files, write: (at, bytes) => handle.writeAt(at, bytes), sync: () => handle.sync() };
}

describe('the crash model', () => {
  test('what was not synced is lost, kept, or kept in part, sector by sector', async () => {
    const { files, write } = await withFile({ dataSync: false });
    await write(0, filled(1024, 1));
    expect(files.choices()).toEqual([
      { path: 'a', what: 'sector', sector: 0, count: 2 },
      { path: 'a', what: 'sector', sector: 1, count: 2 },
      { path: 'a', what: 'size', sector: 0, count: 2 },
    ]);
    expect(files.crash('none').peek('a')).toEqual(new Uint8Array(0));
    expect(files.crash('all').peek('a')).toEqual(filled(1024, 1));
    const onlySecond: Survival = ({ what, sector }) => (what === 'size' || sector === 1 ? 1 : 0);
    expect(files.crash(onlySecond).peek('a')).toEqual(Uint8Array.from([...filled(512, 0), ...filled(512, 1)]));
  });
  test('what was synced stays, and what was written over it may be any of its versions', async () => {
    const { files, write, sync } = await withFile({ dataSync: false });
    await write(0, filled(512, 1));
    await sync();
    await write(0, filled(512, 2));
    await write(0, filled(512, 3));
    for (const version of [0, 1, 2]) expect(files.crash(() => version).peek('a')).toEqual(filled(512, version + 1));
  });
  test('a data-synchronous write is durable when it resolves, and anything while it is in flight', async () => {
    const { files, write } = await withFile({ dataSync: true });
    await write(0, filled(512, 1));
    expect(files.choices()).toEqual([]);
    let release = (): void => undefined;
    files.onCall = () => ({ kind: 'wait', until: new Promise((resolve) => (release = resolve)) });
    const flight = write(0, filled(512, 2));
    expect(files.choices()).toHaveLength(1);
    release();
    await flight;
    expect(files.choices()).toEqual([]);
  });
  test('a failed sync takes what it should have written for clean: no later sync saves it', async () => {
    const { files, write, sync } = await withFile({ dataSync: false });
    await write(0, filled(512, 1));
    files.onCall = (call) => (call.operation === 'sync' ? { kind: 'fail' } : undefined);
    await expect(sync()).rejects.toMatchObject({ code: 'StorageFailed' });
    files.onCall = undefined;
    await sync();
    expect(files.fork('none').peek('a')).toEqual(filled(512, 0));
    await write(0, filled(512, 1));
    await sync();
    expect(files.fork('none').peek('a')).toEqual(filled(512, 1));
  });
  test('names are durable with their folder, not with their file', async () => {
    const files = new MemoryFiles();
    const handle = await files.open('a', { create: true, dataSync: true });
    await handle.writeAt(0, filled(512, 1));
    await handle.sync();
    expect(files.fork('none').paths()).toEqual([]);
    await files.syncFolder('');
    await files.rename('a', 'b');
    await files.remove('b');
    const kept = (names: number[]): string[] => {
      let at = 0;
      return files.fork(() => names[at++] ?? 0).paths();
    };
    expect(kept([0, 0])).toEqual(['a']);
    expect(kept([1, 0])).toEqual(['b']);
    expect(kept([1, 1])).toEqual([]);
  });
  test('the death of the process alone keeps all that is seen, and makes nothing durable', async () => {
    const { files, write } = await withFile({ dataSync: false });
    await write(0, filled(512, 1));
    const next = files.crash('process');
    expect(next.peek('a')).toEqual(filled(512, 1));
    expect(next.crash('none').peek('a')).toEqual(new Uint8Array(0));
  });
  test('a crashed process does nothing more: its calls are refused, or never return', async () => {
    const files = new MemoryFiles();
    await files.lock('');
    const next = files.crash('none', { afterCrash: 'hang' });
    await expect(files.open('a', { create: true })).rejects.toMatchObject({ code: 'StorageFailed' });
    await next.lock('');
    next.crash('none');
    const outcome = await Promise.race([next.list('').then(() => 'returned'), Promise.resolve('silent')]);
    expect(outcome).toBe('silent');
  });
});

describe('faults', () => {
  test('every call has a number, and can be crashed before, during and after', async () => {
    for (const [when, survivors] of [
      ['before', [0, 0]],
      ['during', [0, 1]],
      ['after', [1, 1]],
    ] as const) {
      const seen: string[] = [];
      const files = new MemoryFiles({
        onCall: ({ number, operation }) => {
          seen.push(`${number} ${operation}`);
          return operation === 'writeAt' ? { kind: 'crash', when } : undefined;
        },
      });
      const handle = await files.open('a', { create: true, dataSync: true });
      await files.syncFolder('');
      await expect(handle.writeAt(0, filled(512, 1))).rejects.toMatchObject({ code: 'StorageFailed' });
      expect(seen).toEqual(['1 open', '2 syncFolder', '3 writeAt']);
      const lengths = (['none', 'all'] as const).map((survival) => files.crash(survival).peek('a')?.length);
      expect(lengths).toEqual(survivors.map((count) => count * 512));
    }
  });
  test('a failed write wrote as much as it was told to', async () => {
    const { files, write } = await withFile({ dataSync: true });
    const fault: FilesFault = { kind: 'fail', code: 'StorageFull', afterBytes: 700 };
    files.onCall = () => fault;
    await expect(write(0, filled(1024, 1))).rejects.toMatchObject({ code: 'StorageFull' });
    expect(files.peek('a')).toEqual(filled(700, 1));
    expect(files.crash('none').peek('a')).toEqual(new Uint8Array(0));
  });
  test('a misdirected write resolves, is durable in the wrong place, and is not where it should be', async () => {
    const { files, write } = await withFile({ dataSync: true });
    await write(0, filled(1024, 1));
    files.onCall = ({ operation }) => (operation === 'writeAt' ? { kind: 'misdirect', position: 0 } : undefined);
    await write(512, filled(512, 2));
    const expected = Uint8Array.from([...filled(512, 2), ...filled(512, 1)]);
    expect(files.peek('a')).toEqual(expected);
    expect(files.crash('none').peek('a')).toEqual(expected);
  });
  test('a sector in flight may hold what was never written, where the disk is that bad', async () => {
    const { files, write } = await withFile({ dataSync: false });
    await write(0, filled(1024, 1));
    const garbage = filled(512, 9);
    const left = files.crash(({ what, sector, count }) => (what === 'sector' && sector === 1 ? garbage : count - 1));
    expect(left.peek('a')).toEqual(Uint8Array.from([...filled(512, 1), ...garbage]));
    expect(left.choices()).toEqual([]);
  });
  test('part of a file can be looked at', async () => {
    const { files, write } = await withFile({ dataSync: false });
    await write(0, Uint8Array.from([1, 2, 3, 4]));
    expect(files.peek('a', 1, 3)).toEqual(Uint8Array.from([2, 3]));
    expect(files.peek('a', 2, 9)).toEqual(Uint8Array.from([3, 4]));
    expect(files.peek('b', 0, 1)).toBeUndefined();
  });
  test('a disk has a capacity; writes over what is there always fit', async () => {
    const refused: string[] = [];
    const files = new MemoryFiles({ capacityBytes: 1000, onFull: (path) => refused.push(path) });
    const handle = await files.open('a', { create: true });
    await handle.writeAt(0, filled(900, 1));
    expect([files.usedBytes, refused]).toEqual([900, []]);
    await expect(handle.writeAt(900, filled(101, 1))).rejects.toMatchObject({ code: 'StorageFull' });
    expect(refused).toEqual(['a']);
    await handle.writeAt(0, filled(900, 2));
    await files.remove('a');
    await (await files.open('b', { create: true })).writeAt(0, filled(1000, 1));
  });
});
