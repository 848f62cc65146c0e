import { describe, expect, test } from 'vitest';
import type { LogEngine } from '../log-engine.js';
import { MemoryLogEngine } from './memory-log-engine.js';
import { OpenLogs } from './open-logs.js';

/** A memory log that counts how often it was closed. */
class CountedLog extends MemoryLogEngine {
  closings = 0;

  override async close(): Promise<void> {
    this.closings++;
    await super.close();
  }
}

describe('the logs of a node', () => {
  test.each([-1, 0.5, Number.NaN, 2 ** 53])('worker %d is no worker', async (worker) => {
    let opened = 0;
    const logs = new OpenLogs(async () => {
      opened++;
      return new MemoryLogEngine();
    });
    await expect(logs.open(worker)).rejects.toMatchObject({ code: 'InvalidArgument', outcome: 'definite' });
    expect(opened).toBe(0);
  });

  test('each is opened once, also while it is being opened', async () => {
    const first = Promise.withResolvers<LogEngine>();
    const logs = new OpenLogs((worker) => (worker === 0 ? first.promise : Promise.resolve(new MemoryLogEngine())));
    const opening = logs.open(0);
    await expect(logs.open(0)).rejects.toMatchObject({ code: 'InvalidArgument' });
    await logs.open(1);
    first.resolve(new MemoryLogEngine());
    await opening;
    await expect(logs.open(0)).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  test('one that failed to open may be tried again', async () => {
    let tries = 0;
    const logs = new OpenLogs(async () => {
      if (tries++ === 0) throw new Error('no such disk');
      return new MemoryLogEngine();
    });
    await expect(logs.open(3)).rejects.toThrow('no such disk');
    await expect(logs.open(3)).resolves.toBeInstanceOf(MemoryLogEngine);
  });

  test('closing closes all of them once, and nothing is opened any more', async () => {
    const made: CountedLog[] = [];
    const logs = new OpenLogs(async () => {
      const log = new CountedLog();
      made.push(log);
      return log;
    });
    await logs.open(0);
    await logs.open(1);
    await Promise.all([logs.close(), logs.close()]);
    expect(made.map((log) => log.closings)).toEqual([1, 1]);
    await expect(logs.open(2)).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(made).toHaveLength(2);
  });

  test('closing waits for one that is being opened, closes it, and its caller does not get it', async () => {
    const log = new CountedLog();
    const opening = Promise.withResolvers<LogEngine>();
    const logs = new OpenLogs(() => opening.promise);
    const wanted = expect(logs.open(0)).rejects.toMatchObject({ code: 'InvalidArgument' });
    const closing = logs.close();
    opening.resolve(log);
    await closing;
    await wanted;
    expect(log.closings).toBe(1);
  });

  test('one that cannot be closed does not keep the others open', async () => {
    const sound = new CountedLog();
    const logs = new OpenLogs(async (worker) => {
      if (worker === 1) return sound;
      const log = new MemoryLogEngine();
      log.close = () => Promise.reject(new Error('the disk is gone'));
      return log;
    });
    await logs.open(0);
    await logs.open(1);
    await expect(logs.close()).rejects.toThrow('the disk is gone');
    expect(sound.closings).toBe(1);
  });
});
