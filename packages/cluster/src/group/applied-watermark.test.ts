import { FlotillaError } from '@flotilla/errors';
import { describe, expect, test } from 'vitest';
import { AppliedWatermark } from './applied-watermark.js';

describe('AppliedWatermark', () => {
  test('wakes those whose index is reached, and no others', async () => {
    const mark = new AppliedWatermark(3);
    expect(await mark.wait(3)).toBe('reached');
    const woken: number[] = [];
    for (const index of [6, 4, 5, 4]) void mark.wait(index).then(() => woken.push(index));
    mark.advance(5);
    await Promise.resolve();
    expect(woken.toSorted()).toEqual([4, 4, 5]);
    expect(mark.watching).toBe(1);
  });

  test('never falls', () => {
    const mark = new AppliedWatermark(3);
    expect(() => mark.advance(2)).toThrowError(/would fall from 3 to 2/);
  });

  test('gone closes the watchers, those that come later too', async () => {
    const mark = new AppliedWatermark(0);
    const waiting = mark.wait(1);
    mark.gone();
    expect(await waiting).toBe('gone');
    expect(await mark.wait(0)).toBe('gone');
  });

  test('a signal ends waiting; an aborted one does not begin it', async () => {
    const mark = new AppliedWatermark(0);
    const abort = new AbortController();
    const waiting = mark.wait(1, abort.signal);
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'Aborted' });
    await expect(mark.wait(1, abort.signal)).rejects.toMatchObject({ code: 'Aborted' });
    expect(await mark.wait(0, abort.signal)).toBe('reached');
    expect(mark.watching).toBe(0);
  });

  test('shutdown fails the watchers', async () => {
    const mark = new AppliedWatermark(2);
    const waiting = mark.wait(3);
    mark.shutdown(() => new FlotillaError('Shutdown', { message: '', details: {} }));
    await expect(waiting).rejects.toMatchObject({ code: 'Shutdown' });
    await expect(mark.wait(3)).rejects.toMatchObject({ code: 'Shutdown' });
    expect(await mark.wait(2)).toBe('reached');
  });
});
