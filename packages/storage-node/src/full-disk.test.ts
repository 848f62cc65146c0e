import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openNodeStorage } from './index.js';

const runtime = { now: () => 0, randomBytes: (length: number) => new Uint8Array(length).fill(7) };

test('a file system that is full refuses with StorageFull, and keeps what it acknowledged', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]).status === 0;
  if (!mounted) {
    await rm(folder, { recursive: true });
    context.skip('a small file system cannot be mounted here');
  }
  try {
    const storage = await openNodeStorage({ folder, runtime, segmentBytes: 262_144 });
    expect(storage.durability).toBe('process');
    const log = await storage.log(0);
    await log.recover();
    let index = 0;
    const fill = async (): Promise<void> => {
      for (;;) {
        const data = new Uint8Array(20_000).fill(index + 1);
        await log.append([{ group: 1, entries: [{ term: 1, index: index + 1, type: 0, data }] }]);
        index++;
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: 'StorageFull' });
    expect(index).toBeGreaterThan(20);
    await log.append([{ group: 1, hardState: { term: 2, vote: 1, commit: 0 } }]);
    await storage.close();
    const again = await openNodeStorage({ folder, runtime, segmentBytes: 262_144 });
    const [group] = await (await again.log(0)).recover();
    expect(group?.entries).toHaveLength(index);
    expect(group?.hardState.term).toBe(2);
    await again.close();
  } finally {
    spawnSync('umount', [folder]);
    await rm(folder, { recursive: true });
  }
});
