import { concat } from '@flotilla/bytes';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunkHeader, readChunks } from './chunk-framing.js';

function framed(chunks: readonly Uint8Array[]): Uint8Array {
  return concat(chunks.flatMap((chunk) => [chunkHeader(chunk), chunk]));
}

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, k = 0; at < bytes.length; k++) {
    const size = sizes[k % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function collect(pieces: AsyncIterable<Uint8Array>, max = 1_000): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readChunks(pieces, max)) chunks.push(chunk);
  return chunks;
}

describe('chunks of a snapshot’s stream', () => {
  test('come out as they went in, however the stream was cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 10 }),
        fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1 }),
        async (chunks, sizes) => {
          const read = await collect(cut(framed(chunks), sizes));
          expect(read.map((chunk) => [...chunk])).toEqual(chunks.map((chunk) => [...chunk]));
        },
      ),
    );
  });

  test('any flipped bit, and any early end within a chunk, is refused', async () => {
    const bytes = framed([new Uint8Array([1, 2, 3]), new Uint8Array([4, 5])]);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await expect(collect(cut(damaged, [4]))).rejects.toMatchObject({ code: 'MalformedFrame' });
    }
    for (let length = 1; length < bytes.length; length++) {
      if (length === 11) continue;
      await expect(collect(cut(bytes.subarray(0, length), [4]))).rejects.toMatchObject({ code: 'MalformedFrame' });
    }
  });

  test('a length is not believed before it is checked', async () => {
    const header = new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0]);
    await expect(collect(cut(header, [8]))).rejects.toMatchObject({ code: 'MalformedFrame' });
    await expect(collect(cut(framed([new Uint8Array(11)]), [8]), 10)).rejects.toMatchObject({ code: 'MalformedFrame' });
    await expect(collect(cut(framed([new Uint8Array(0)]), [8]))).rejects.toMatchObject({ code: 'MalformedFrame' });
  });
});
