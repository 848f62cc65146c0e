import { describe, expect, test } from 'vitest';
import type { SuiteMessage } from './workers/suite-worker.js';

describe('the origin private file system, in a worker', () => {
  test('passes the suites of logs and of files', async () => {
    const worker = new Worker(new URL('./workers/suite-worker.ts', import.meta.url), { type: 'module' });
    const results: Extract<SuiteMessage, { kind: 'result' }>[] = [];
    await new Promise<void>((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = ({ data }: MessageEvent<SuiteMessage>) => {
        if (data.kind === 'result') results.push(data);
        else resolve();
      };
    });
    worker.terminate();
    expect(results.length).toBeGreaterThan(60);
    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
  });
});
