import { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import { failed } from '@flotilla/storage/engine';

/** How long is waited for a lock that somebody has (ms): who holds it may be a page that is being left, or a worker that is being ended. */
const WAIT_MS = 1_000;

/** The right to be the one context of this origin that uses a database. */
export interface WebLock {
  /** Resolves if another context took it by force, or the browser gave it up. */
  readonly lost: Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the Web Lock `flotilla/<name>`, if nobody has it. It ends with the context, however that ends, within milliseconds; so a page that is
 * loaded anew may find it held by what it was before, and waits for a moment.
 *
 * @throws {FlotillaError} StorageLocked; StorageFailed where the context has no Web Locks (a page that is not secure)
 */
export async function takeWebLock(name: string, runtime: Pick<Runtime, 'setTimer'>): Promise<WebLock> {
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  if (locks === undefined) throw failed('lock', name, 'no Web Locks here: a page must be secure (https, or localhost)');
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let request: Promise<unknown> = Promise.resolve();
  const giveUp = new AbortController();
  const granted = await new Promise<boolean>((resolve, reject) => {
    const timer = runtime.setTimer(WAIT_MS, () => {
      resolve(false);
      giveUp.abort();
    });
    request = locks.request(`flotilla/${name}`, { signal: giveUp.signal }, () => {
      if (giveUp.signal.aborted) return undefined;
      timer.cancel();
      resolve(true);
      return held;
    });
    request.catch((error: unknown) => {
      timer.cancel();
      // Once it was granted, `lost` tells of it.
      reject(failed('lock', name, error));
    });
  });
  if (!granted) {
    throw new FlotillaError('StorageLocked', {
      message: `the database ${name} is in use by another page, tab or worker of this origin; close it first`,
      details: { path: name },
    });
  }
  let released = false;
  return {
    lost: request.then(
      () => (released ? new Promise<void>(() => undefined) : undefined),
      () => undefined,
    ),
    release: async () => {
      released = true;
      release();
      // Where it was lost there is nothing to give up, as `lost` has told.
      await request.catch(() => undefined);
    },
  };
}
