import { type FlotillaClient, KeyValuePair, type WatchBatch } from '@flotilla/client';
import { expect, test } from 'vitest';
import { Watcher } from './watcher.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const pair = (key: string, value: string, modRevision: number, version: number): KeyValuePair =>
  new KeyValuePair({ key: bytes(key), value: bytes(value), createRevision: 1, modRevision, version, lease: 0 });
const put = (key: string, value: string, revision: number, version: number): WatchBatch => ({
  group: 1,
  revision,
  events: [{ type: 'put', kv: pair(key, value, revision, version), prevKv: undefined }],
});
const deletion = (key: string, revision: number): WatchBatch => ({
  group: 1,
  revision,
  events: [{ type: 'delete', kv: pair(key, '', revision, 0), prevKv: undefined }],
});

/** A watcher that was told all of this. */
async function told(...batches: readonly WatchBatch[]): Promise<Watcher> {
  const watcher = new Watcher('w', 'k');
  const watch = {
    started: Promise.resolve(),
    close: () => undefined,
    [Symbol.asyncIterator]: () => batches[Symbol.iterator](),
  };
  // Nothing else of a client is used.
  await watcher.run({ watch: () => watch } as unknown as FlotillaClient, () => undefined, new AbortController().signal);
  return watcher;
}

test('events in order, without a gap, are well', async () => {
  const watcher = await told(put('k', 'a', 2, 1), put('k', 'b', 3, 2), deletion('k', 4), put('k', 'c', 6, 1));
  await watcher.reaches(new Map([['k', pair('k', 'c', 6, 1)]]), 0);
  watcher.compare(new Map([['b', 'k']]), new Map([['x', 'k, by p0: refused']]));
  expect(watcher.problems).toEqual([]);
  expect(watcher.events).toBe(4);
});

test.each([
  ['a lost event', [put('k', 'a', 2, 1), put('k', 'c', 4, 3)], /version 3 after 1/],
  ['an event that comes twice', [put('k', 'a', 2, 1), put('k', 'a', 2, 1)], /again, or late/],
  ['events in the wrong order', [put('k', 'a', 3, 1), put('j', 'b', 2, 1)], /again, or late: 3/],
  ['a lost deletion', [put('k', 'a', 2, 1), put('k', 'b', 4, 1)], /version 1 after 1/],
  ['a deletion of nothing', [deletion('k', 2)], /deletes what was not there/],
  ['a write that is applied twice', [put('k', 'a', 2, 1), put('k', 'a', 3, 2)], /written twice/],
  ['an event beyond its batch', [{ ...put('k', 'a', 5, 1), revision: 4 }], /in a batch up to 4/],
] satisfies [string, WatchBatch[], RegExp][])('%s is found', async (_, batches, said) => {
  const { problems } = await told(...batches);
  expect(problems.join('\n')).toMatch(said);
});

test('what is missing at the end is found', async () => {
  const watcher = await told(put('k', 'a', 2, 1));
  await watcher.reaches(new Map([['k', pair('k', 'b', 3, 2)]]), 0);
  expect(watcher.problems).toEqual(['watch w: k is at revision 3, the watch told of 2']);
});

test('an acknowledged write that was never told of, and a refused one that was, are found', async () => {
  const watcher = await told(put('k', 'a', 2, 1));
  watcher.compare(new Map([['b', 'k']]), new Map([['a', 'k, by p0: NotLeader']]));
  expect(watcher.problems).toEqual([
    'watch w: never told of b, whose write to k was acknowledged',
    'watch w: told of a, whose write was refused for certain (k, by p0: NotLeader)',
  ]);
});
