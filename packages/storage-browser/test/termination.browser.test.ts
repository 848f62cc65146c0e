import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { describe, expect, test } from 'vitest';
import { openBrowserStorage } from '../src/index.js';
import { openLog } from './open-log.js';
import type { AppendingOrder, AppendingReport } from './workers/appending-worker.js';

function start(order: AppendingOrder, report: (report: AppendingReport) => void): Worker {
  const worker = new Worker(new URL('./workers/appending-worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<AppendingReport>) => report(data);
  worker.postMessage(order);
  return worker;
}

/** Appends in a worker until `appends` were told durable, then terminates it in the middle of the next. Resolves with the last one told. */
function appendAndTerminate(order: AppendingOrder, appends: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let told = 0;
    const worker = start(order, ({ index, whole, error }) => {
      if (error !== undefined || !whole) return reject(new Error(error ?? 'what was found is not what was written'));
      told++;
      if (told < appends) return;
      worker.terminate();
      resolve(index);
    });
  });
}

function readBack(order: AppendingOrder): Promise<AppendingReport> {
  return new Promise((resolve) => {
    const worker = start(order, (report) => {
      worker.terminate();
      resolve(report);
    });
  });
}

/** A terminated worker's lock passes on within milliseconds, not within none. */
async function unlocked(name: string): Promise<void> {
  await navigator.locks.request(`flotilla/${name}`, () => undefined);
}

describe('a worker that is terminated at any moment', () => {
  for (const kind of ['indexeddb', 'opfs'] as const) {
    test(`loses nothing that was told durable: ${kind}`, async () => {
      const name = `terminated-${kind}-${runtime.random()}`;
      let last = 0;
      for (let life = 0; life < 12; life++) {
        last = await appendAndTerminate({ name, kind, does: 'append' }, 1 + Math.floor(runtime.random() * 90));
        await unlocked(name);
        const found = await readBack({ name, kind, does: 'read' });
        expect(found).toMatchObject({ whole: true });
        expect(found.index).toBeGreaterThanOrEqual(last);
        await unlocked(name);
      }
    });
  }
});

describe('one owner', () => {
  test('who comes right after a worker was ended waits until its lock is free', async () => {
    const name = `after-${runtime.random()}`;
    for (let life = 0; life < 5; life++) {
      await appendAndTerminate({ name, kind: 'indexeddb', does: 'append' }, 3);
      await (await openBrowserStorage({ name, runtime })).close();
    }
  });

  test('a database that a worker holds is refused to the page, by name', async () => {
    const name = `owned-${runtime.random()}`;
    await new Promise<void>((resolve) => start({ name, kind: 'indexeddb', does: 'append' }, () => resolve()));
    await expect(openBrowserStorage({ name, runtime })).rejects.toMatchObject({ code: 'StorageLocked' });
  });

  test('an owner whose lock is stolen writes no more', async () => {
    const name = `stolen-${runtime.random()}`;
    const log = await openLog(name, { kind: 'indexeddb' });
    await log.recover();
    await log.append([{ group: 1, hardState: { term: 1, vote: 1, commit: 0 } }]);
    await navigator.locks.request(`flotilla/${name}`, { steal: true }, () => undefined);
    const thief = await openLog(name, { kind: 'indexeddb' });
    expect(await thief.recover()).toHaveLength(1);
    await expect(log.append([{ group: 1, hardState: { term: 2, vote: 1, commit: 0 } }])).rejects.toMatchObject({
      code: 'StorageFailed',
    });
    await thief.append([{ group: 1, hardState: { term: 3, vote: 1, commit: 0 } }]);
    await thief.close();
    const again = await openLog(name, { kind: 'indexeddb' });
    expect((await again.recover())[0]?.hardState.term).toBe(3);
    await again.close();
  });

  test('a page that is gone gives its database up at once', async () => {
    const name = `page-${runtime.random()}`;
    const frame = document.createElement('iframe');
    frame.srcdoc = '<!doctype html>';
    const loaded = new Promise((resolve) => (frame.onload = resolve));
    document.body.append(frame);
    await loaded;
    const held = (frame.contentWindow as Window & typeof globalThis).navigator.locks;
    await new Promise<void>((resolve) => {
      void held.request(`flotilla/${name}`, () => {
        resolve();
        return new Promise(() => undefined);
      });
    });
    await expect(openBrowserStorage({ name, runtime })).rejects.toMatchObject({ code: 'StorageLocked' });
    frame.remove();
    await unlocked(name);
    await (await openBrowserStorage({ name, runtime })).close();
  });
});

describe('bounds and mistakes', () => {
  test('OPFS outside of a dedicated worker is refused, and the database is free again', async () => {
    const name = `window-${runtime.random()}`;
    await expect(openLog(name, { kind: 'opfs' })).rejects.toMatchObject({ code: 'StorageFailed' });
  });

  test('a log keeps the kind that it was begun with', async () => {
    const name = `kind-${runtime.random()}`;
    await (await openLog(name, { kind: 'indexeddb' })).close();
    await expect(openLog(name, { kind: 'opfs' })).rejects.toThrow(/it is of the kind indexeddb/);
  });

  test('durability is what the browser gives: strict transactions survive a power cut', async () => {
    const storage = await openBrowserStorage({ name: `durability-${runtime.random()}`, runtime });
    expect(storage.durability).toBe('power');
    await storage.close();
  });
});
