import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../http3/varint.js';
import { UnreadBytes } from './unread-bytes.js';

async function takeAll(unread: UnreadBytes): Promise<readonly Uint8Array[]> {
  const taken: Uint8Array[] = [];
  for (let bytes = await unread.take(); bytes !== undefined; bytes = await unread.take()) taken.push(bytes);
  return taken;
}

describe('bytes that wait for their reader', () => {
  test('are read in order and whole, however they came and whenever they are read', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      fc.uint8Array({ minLength: 1, maxLength: 600 }),
      fc.constant('read' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
        const unread = new UnreadBytes();
        const pushed: Uint8Array[] = [];
        const taken: Uint8Array[] = [];
        for (const each of pieces) {
          if (each !== 'read') {
            pushed.push(each.slice());
            unread.push(each);
          } else if (!unread.isEmpty) {
            taken.push((await unread.take())?.slice() ?? new Uint8Array());
          }
        }
        unread.end();
        unread.push(Uint8Array.of(1));
        taken.push(...(await takeAll(unread)));
        expect(concatBytes(...taken)).toEqual(concatBytes(...pushed));
        expect(unread.isEmpty).toBe(true);
      }),
    );
  });

  test('cost little more than they are, where a peer sends them one by one', async () => {
    const unread = new UnreadBytes();
    for (let at = 0; at < 100_000; at++) unread.push(Uint8Array.of(at));
    unread.end();
    const taken = await takeAll(unread);
    expect(taken.length).toBeLessThan(100);
    expect(taken.reduce((sum, bytes) => sum + bytes.buffer.byteLength, 0)).toBeLessThan(102_000);
    expect(concatBytes(...taken)).toEqual(Uint8Array.from({ length: 100_000 }, (_, at) => at));
  });

  test('go to a reader that waits as they come, and are not changed by what comes after', async () => {
    const unread = new UnreadBytes();
    const first = unread.take();
    unread.push(Uint8Array.of(1));
    unread.push(Uint8Array.of(2));
    unread.push(Uint8Array.of(3));
    expect(await first).toEqual(Uint8Array.of(1));
    const second = await unread.take();
    unread.push(Uint8Array.of(4));
    unread.push(Uint8Array.of(5));
    expect(second).toEqual(Uint8Array.of(2));
    expect(await unread.take()).toEqual(Uint8Array.of(3, 4, 5));
    expect(second).toEqual(Uint8Array.of(2));
  });

  test('are gone with an error, and after an end are not', async () => {
    const failed = new UnreadBytes();
    failed.push(Uint8Array.of(1));
    failed.fail(new Error('cut off'));
    await expect(failed.take()).rejects.toThrow('cut off');
    const ended = new UnreadBytes();
    ended.push(Uint8Array.of(1));
    ended.end();
    ended.fail(new Error('late'));
    expect(await ended.take()).toEqual(Uint8Array.of(1));
    expect(await ended.take()).toBeUndefined();
  });
});
