import { systemRuntime as runtime } from '@flotilla/runtime/system';
import type { LogEngine } from '@flotilla/storage';
import { openBrowserStorage, type OpenBrowserStorageOptions } from '../src/index.js';

/** A log with the storage that it belongs to, which is closed with it. */
export async function openLog(name: string, kind: NonNullable<OpenBrowserStorageOptions['log']>): Promise<LogEngine> {
  const storage = await openBrowserStorage({ name, runtime, log: kind });
  const log = await storage.log(0);
  const close = async (): Promise<void> => {
    await log.close();
    await storage.close();
  };
  return {
    durability: log.durability,
    recover: () => log.recover(),
    append: (batch) => log.append(batch),
    stats: () => log.stats(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
