import type { FileHandle as SystemHandle } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { NodeFileHandle } from './node-file-handle.js';

/** A file of the system that notes when it is written to, and takes two bytes at a time. */
function notingFile(story: string[]): SystemHandle {
  const write = (bytes: Uint8Array, offset: number, length: number, position: number) => {
    story.push(`${bytes.subarray(offset, offset + 2).join()} at ${position}`);
    return Promise.resolve({ bytesWritten: Math.min(2, length), buffer: bytes });
  };
  return { write } as unknown as SystemHandle;
}

test('a write is handed to the system once the microtasks of its turn are over', async () => {
  const story: string[] = [];
  const writing = new NodeFileHandle('file', notingFile(story), false).writeAt(8, Uint8Array.of(1, 2, 3));
  for (let round = 0; round < 50; round++) await undefined;
  story.push('sent');
  await writing;
  expect(story).toEqual(['sent', '1,2 at 8', '3 at 10']);
});
