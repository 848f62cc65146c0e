import { type FlotillaClient, KeyValuePair } from '@flotilla/client';
import { FlotillaError } from '@flotilla/errors';
import { expect, test } from 'vitest';
import { Counters } from './counters.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Counts up to 3, with the third write ending as told, and then reads what is said to be there. */
async function problemsOf(
  third: 'ok' | 'definite' | 'unknown',
  there: { readonly value: number; readonly version: number } | undefined,
): Promise<string[]> {
  const over = new AbortController();
  const client = {
    put: async (_key: string, value: string) => {
      if (value !== '3') return await Promise.resolve({ group: 1, revision: 1, prevKv: undefined });
      over.abort();
      if (third === 'ok') return { group: 1, revision: 1, prevKv: undefined };
      throw new FlotillaError('Timeout', { message: 'late', details: { operation: 'put', ms: 1 }, outcome: third });
    },
    get: async (key: string) => {
      if (there === undefined) return await Promise.resolve(undefined);
      const { value, version } = there;
      return new KeyValuePair({
        key: bytes(key),
        value: bytes(String(value)),
        version,
        createRevision: 1,
        modRevision: 1,
        lease: 0,
      });
    },
    // Nothing else of a client is used.
  } as unknown as FlotillaClient;
  const counters = new Counters('c/', 1, over.signal);
  await counters.run(client);
  return await counters.problems(client);
}

test.each([
  ['ok', 3, 3],
  ['definite', 2, 2],
  ['unknown', 2, 2],
  ['unknown', 3, 3],
] as const)('a third write that ends %s, and a value of %i, are well', async (third, value, version) => {
  expect(await problemsOf(third, { value, version })).toEqual([]);
});

test.each([
  ['ok', { value: 2, version: 2 }, /acknowledged 3, lost: it reads 2/],
  ['ok', undefined, /acknowledged 3, lost: it reads 0/],
  ['definite', { value: 3, version: 3 }, /reads 3, which was refused for certain/],
  ['unknown', { value: 4, version: 4 }, /reads 4, never written/],
  ['ok', { value: 3, version: 4 }, /at version 4: applied twice/],
] as const)('a third write that ends %s, and %j, are not', async (third, there, said) => {
  expect((await problemsOf(third, there)).join('\n')).toMatch(said);
});
