import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileCatalog, FileLogEngine, FileSnapshotStore } from '@flotilla/storage';
import {
  catalogConformance,
  filesConformance,
  logEngineConformance,
  snapshotStoreConformance,
} from '@flotilla/storage/conformance';
import { describe, expect, test } from 'vitest';
import { DATA_SYNC_FLAG, isDataSyncReal } from './data-sync-flag.js';
import { nodeFiles } from './node-files.js';
import { lockByOwnerFile } from './owner-file.js';

const runner = { describe, test };
const runtime = { randomBytes: (length: number) => new Uint8Array(length).fill(7) };

async function folderUnderTest(): Promise<{ root: string; dispose: () => Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'flotilla-'));
  return { root, dispose: () => rm(root, { recursive: true }) };
}

for (const dataSync of ['flag', 'sync'] as const) {
  describe(`Files of Node, data-synchronous by ${dataSync}`, () => {
    filesConformance(runner, {
      create: async () => {
        const { root, dispose } = await folderUnderTest();
        return { files: nodeFiles(root, { dataSync }), dispose };
      },
    });
  });
}

describe('folders', () => {
  const runOnLinux = test.runIf(process.platform === 'linux');

  runOnLinux('a file system that makes none, and says that something is missing, is not asked for ever', async () => {
    for (const folder of ['.', 'a/b']) {
      await expect(nodeFiles('/proc/flotilla').makeFolder(folder)).rejects.toMatchObject({ code: 'StorageFailed' });
    }
  });

  test('those above are made too, for the owner alone; one that is there stays; a file in the way is said', async () => {
    const { root, dispose } = await folderUnderTest();
    try {
      const files = nodeFiles(join(root, 'a/b'));
      await Promise.all([files.makeFolder('c/d'), files.makeFolder('c/d'), files.makeFolder('c/e')]);
      await files.makeFolder('c');
      for (const made of ['a', 'a/b', 'a/b/c', 'a/b/c/d', 'a/b/c/e']) {
        expect((await stat(join(root, made))).mode & 0o777).toBe(0o700);
      }
      await writeFile(join(root, 'file'), '');
      for (const folder of ['file', 'file/x']) {
        await expect(nodeFiles(root).makeFolder(folder)).rejects.toMatchObject({ code: 'StorageFailed' });
      }
    } finally {
      await dispose();
    }
  });
});

describe('FileLogEngine on Node', () => {
  logEngineConformance(runner, {
    create: async () => {
      const { root, dispose } = await folderUnderTest();
      const files = nodeFiles(root);
      return { open: () => FileLogEngine.open({ files, folder: 'log', runtime, segmentBytes: 65_536 }), dispose };
    },
    supports: { lock: true },
  });
});

describe('FileSnapshotStore on Node', () => {
  snapshotStoreConformance(runner, {
    create: async () => {
      const { root, dispose } = await folderUnderTest();
      const files = nodeFiles(root);
      return { open: (clock) => FileSnapshotStore.open({ files, folder: 'snapshots', runtime: clock }), dispose };
    },
  });
});

describe('FileCatalog on Node', () => {
  catalogConformance(runner, {
    create: async () => {
      const { root, dispose } = await folderUnderTest();
      const files = nodeFiles(root);
      return { open: () => FileCatalog.open({ files, folder: 'catalog' }), dispose };
    },
  });
});

describe('the file system', () => {
  test('a file that was opened without the flag is not taken for data-synchronous', async () => {
    const { root, dispose } = await folderUnderTest();
    const handle = await nodeFiles(root, { dataSync: 'sync' }).open('a', { create: true });
    expect(await isDataSyncReal(join(root, 'a'))).toBe(false);
    await handle.close();
    await dispose();
  });
  test('the flag is used where the kernel can confirm it: on Linux under Node; elsewhere a sync follows each write', async () => {
    const { root, dispose } = await folderUnderTest();
    const handle = await nodeFiles(root).open('a', { create: true, dataSync: true });
    const isFlagged = process.platform === 'linux' && process.versions['deno'] === undefined;
    expect(await isDataSyncReal(join(root, 'a'))).toBe(isFlagged);
    expect(DATA_SYNC_FLAG !== 0).toBe(isFlagged);
    await handle.close();
    await dispose();
  });
  test('without SQLite the owner file locks, and that of a dead process does not', async () => {
    const { root, dispose } = await folderUnderTest();
    const lock = await lockByOwnerFile(root);
    await expect(lockByOwnerFile(root)).rejects.toMatchObject({ code: 'StorageLocked', details: { path: root } });
    await lock.release();
    for (const stale of [
      '',
      '{"pid":4194303,"started":"no"}',
      // A pid that came again is told from its owner by when it started, which Deno does not say.
      ...(process.versions['deno'] === undefined
        ? [JSON.stringify({ pid: process.pid, started: 'another boot/1' })]
        : []),
    ]) {
      await writeFile(join(root, 'lock.owner'), stale);
      await (await lockByOwnerFile(root)).release();
    }
    await dispose();
  });
});
