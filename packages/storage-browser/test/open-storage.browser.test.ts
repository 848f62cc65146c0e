import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { describe, expect, test } from 'vitest';
import { openBrowserStorage } from '../src/index.js';

const opened = () => openBrowserStorage({ name: `open-storage-${runtime.random()}`, runtime });

describe('the storage of a node in a browser', () => {
  test('opens the log of a worker once', async () => {
    await using storage = await opened();
    await storage.log(0);
    await expect(storage.log(0)).rejects.toMatchObject({ code: 'InvalidArgument', outcome: 'definite' });
    await storage.log(1);
  });

  test.each([-1, 1.5, Number.NaN])('%d is no worker, and nothing is noted of it', async (worker) => {
    await using storage = await opened();
    await expect(storage.log(worker)).rejects.toMatchObject({ code: 'InvalidArgument' });
    await storage.log(0);
  });

  test('opens nothing once it is closed, and closes what was opened', async () => {
    const storage = await opened();
    const log = await storage.log(0);
    await log.recover();
    const late = storage.log(1).then(
      () => 'opened',
      (error: unknown) => (error as { readonly code?: string }).code,
    );
    await Promise.all([storage.close(), storage.close()]);
    expect(await late).toBe('InvalidArgument');
    await expect(storage.log(2)).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(log.append([])).rejects.toMatchObject({ code: 'StorageFailed' });
  });
});
