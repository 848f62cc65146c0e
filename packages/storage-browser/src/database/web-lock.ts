import { FlotillaError } from '@flotilla/errors';
import { failed } from '@flotilla/storage/engine';

/** The right to be the one context of this origin that uses a database. */
export interface WebLock {
  /** Resolves if another context took it by force, or the browser gave it up. */
  readonly lost: Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the Web Lock `flotilla/<name>`, if nobody has it. It ends with the context, however that ends, within milliseconds.
 *
 * @throws {FlotillaError} StorageLocked; StorageFailed where the context has no Web Locks (a page that is not secure)
 */
export async function takeWebLock(name: string): Promise<WebLock> {
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  if (locks === undefined) throw failed('lock', name, 'no Web Locks here: a page must be secure (https, or localhost)');
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let request: Promise<unknown> = Promise.resolve();
  const granted = await new Promise<boolean>((resolve, reject) => {
    request = locks.request(`flotilla/${name}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : held;
    });
    request.catch(reject);
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
      await request.catch(() => undefined);
    },
  };
}
