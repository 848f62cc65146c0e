import { EntryType } from '@flotilla/raft-core';
import { systemRuntime as runtime } from '@flotilla/runtime/system';
import type { GroupWrite, LogEngine } from '@flotilla/storage';
import { type OpenBrowserStorageOptions, openBrowserStorage } from '@flotilla/storage-browser';
import { type BatchShape, ENTRY_BYTES } from '../browser-plan.js';

/** Something that makes one batch durable. */
export interface Committer {
  commit(shape: BatchShape): Promise<void>;
  close(): Promise<void>;
}

/** A file of the origin, opened in a dedicated worker; the types of pages do not have it. */
interface SyncAccessFile {
  createSyncAccessHandle(): Promise<{
    write(bytes: Uint8Array, options: { readonly at: number }): number;
    flush(): void;
    close(): void;
  }>;
}

/** A group is compacted when it holds so many entries, as a host does. */
const COMPACT_AT = 1_024;
const RAW_FILE_BYTES = 64 * 1024 * 1024;
/** Until the pool's files are taken for old (ms). Nothing is at stake here. */
const POOL_AGE_MS = 1;
const CONFIGURATION = { voters: [1, 2, 3], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };

/** The log of storage-browser in IndexedDB. */
export async function openIndexedDb(): Promise<Committer> {
  return await openEngine('bench-indexeddb', { kind: 'indexeddb' });
}

/** The log of storage-browser in files, once their names are taken for durable: until then it writes to IndexedDB as well. */
export async function openOpfs(): Promise<Committer> {
  const name = 'bench-opfs';
  const log = { kind: 'opfs', ageMs: POOL_AGE_MS } as const;
  const young = await openEngine(name, log);
  const shape: BatchShape = { groups: 1, entries: 1, outstanding: 1 };
  await young.commit(shape);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await young.commit(shape);
  await young.close();
  return await openEngine(name, log);
}

async function openEngine(name: string, log: NonNullable<OpenBrowserStorageOptions['log']>): Promise<Committer> {
  const storage = await openBrowserStorage({ name, runtime, log });
  const engine = await storage.log(0);
  const lengths = new Map((await engine.recover()).map(({ group, entries }) => [group, entries.at(-1)?.index ?? 0]));
  return { commit: (shape) => append(engine, lengths, shape), close: () => storage.close() };
}

/** Appends one batch of new entries, to groups of a number of their own for each shape. */
function append(engine: LogEngine, lengths: Map<number, number>, { groups, entries }: BatchShape): Promise<void> {
  const batch: GroupWrite[] = [];
  for (let group = 1; group <= groups; group++) {
    const last = lengths.get(group) ?? 0;
    const data = new Uint8Array(entries * ENTRY_BYTES).fill(7);
    const write: GroupWrite = {
      group,
      entries: Array.from({ length: entries }, (_, at) => ({
        term: 1,
        index: last + 1 + at,
        type: EntryType.Normal,
        data: data.subarray(at * ENTRY_BYTES, (at + 1) * ENTRY_BYTES),
      })),
    };
    const isFull = Math.floor((last + entries) / COMPACT_AT) > Math.floor(last / COMPACT_AT);
    batch.push(
      isFull ? { ...write, snapshotMark: { index: last, term: 1, confState: CONFIGURATION }, compactTo: last } : write,
    );
    lengths.set(group, last + entries);
  }
  return engine.append(batch);
}

/** A strict transaction of one blob for each batch: the same bytes, without us. */
export async function openRawIndexedDb(): Promise<Committer> {
  const opening = indexedDB.open('bench-raw', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('blobs');
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error ?? new Error('no database'));
  });
  let key = 0;
  return {
    commit: ({ groups, entries }) =>
      new Promise((resolve, reject) => {
        const transaction = database.transaction('blobs', 'readwrite', { durability: 'strict' });
        transaction
          .objectStore('blobs')
          .put(new Uint8Array(groups * entries * ENTRY_BYTES).fill(7).buffer, key++ % COMPACT_AT);
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error('aborted'));
      }),
    close: () => {
      database.close();
      return Promise.resolve();
    },
  };
}

/** A write and a flush of one file, around and around, for each batch. */
export async function openRawOpfs(): Promise<Committer> {
  const folder = await navigator.storage.getDirectory();
  const file = await folder.getFileHandle('bench-raw', { create: true });
  const handle = await (file as unknown as SyncAccessFile).createSyncAccessHandle();
  let position = 0;
  return {
    commit: ({ groups, entries }) => {
      const bytes = new Uint8Array(groups * entries * ENTRY_BYTES).fill(7);
      if (position + bytes.length > RAW_FILE_BYTES) position = 0;
      handle.write(bytes, { at: position });
      handle.flush();
      position += bytes.length;
      return Promise.resolve();
    },
    close: () => {
      handle.close();
      return Promise.resolve();
    },
  };
}
