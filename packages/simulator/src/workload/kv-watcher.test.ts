import { utf8Encode } from '@flotilla/bytes';
import { type FlotillaClient, KeyValuePair, type WatchBatch, type WatchedEvent } from '@flotilla/client';
import { FlotillaError } from '@flotilla/errors';
import { putOperation } from '@flotilla/kv/protocol';
import { Prng, VirtualWorld } from '@flotilla/runtime/virtual';
import { expect, test } from 'vitest';
import type { SimulatedCluster } from '../world/simulated-cluster.js';
import { KvRun } from './kv-run.js';
import { KvWatcher, type WatchedKeys } from './kv-watcher.js';

/** What one watch after the other gives, and the error that it ends with. */
type Script = readonly { readonly batches: readonly WatchBatch[]; readonly cursors?: 'none'; readonly error?: Error }[];

const event = (key: string, value: string, modRevision: number, version = 1): WatchedEvent => ({
  type: 'put',
  kv: new KeyValuePair({
    key: utf8Encode(key),
    value: utf8Encode(value),
    createRevision: 2,
    modRevision,
    version,
    lease: 0,
  }),
  prevKv: undefined,
});
const batch = (revision: number, ...events: readonly WatchedEvent[]): WatchBatch => ({ group: 1, revision, events });

/** Runs a watcher over a store with three writes of key 0, at revisions 2, 3 and 4. Gives what it found, and how its watches began. */
async function watch(keys: WatchedKeys, script: Script): Promise<{ found: string[]; opened: unknown[] }> {
  const world = new VirtualWorld({ seed: 1 });
  const found: string[] = [];
  const opened: unknown[] = [];
  const cluster = { story: { note: (text: string) => found.push(text) } } as unknown as SimulatedCluster;
  const run = new KvRun(cluster, { clients: 1, pauseMs: 1, keys: 1, valueBytes: 1 });
  for (const value of ['a', 'b', 'c']) {
    run.applied.store(1).execute(putOperation(utf8Encode('key 0'), utf8Encode(value)));
  }
  run.isOver = true;
  let opens = 0;
  const client = {
    watch(_: unknown, { cursor, startRevision }: { cursor?: string; startRevision?: number }) {
      opened.push(cursor ?? startRevision ?? 'now');
      const { batches, cursors, error } = script[opens++] ?? { batches: [], error: undefined };
      let given = 0;
      return {
        started: cursors === 'none' ? new Promise(() => undefined) : Promise.resolve(),
        get cursor() {
          return cursors === 'none' ? undefined : `${opens}.${given}`;
        },
        requestProgress: () => undefined,
        close: () => undefined,
        async *[Symbol.asyncIterator]() {
          for (const each of batches) {
            given++;
            yield each;
          }
          if (error !== undefined) throw error;
        },
      };
    },
  };
  const watcher = new KvWatcher(run, {
    client: client as unknown as FlotillaClient,
    runtime: world.createRuntime(),
    prng: new Prng(1),
    keys,
  });
  const running = watcher.run();
  const finished = watcher.finish().catch((error: unknown) => found.push(String(error)));
  await world.settle(finished);
  expect(running).toBeInstanceOf(Promise);
  return { found, opened };
}

const ONE: WatchedKeys = { kind: 'one', key: 'key 0' };
const ALL: WatchedKeys = { kind: 'all' };
const EVENTS = [event('key 0', 'a', 2), event('key 0', 'b', 3, 2), event('key 0', 'c', 4, 3)] as const;
const [A, B, C] = EVENTS;

test.each<[string, WatchedKeys, Script]>([
  ['all from the first revision', ONE, [{ batches: [batch(2, A), batch(4, B, C)] }]],
  ['some, then the rest behind the cursor', ONE, [{ batches: [batch(3, A, B)] }, { batches: [batch(4, C)] }]],
  ['whatever was there when it began, or not', ALL, [{ batches: [batch(3, B), batch(4, C)] }]],
  ['a sign of progress', ALL, [{ batches: [batch(4)] }]],
])('nothing is wrong with %s', async (_, keys, script) => {
  expect((await watch(keys, script)).found).toEqual([]);
});

test.each<[string, WatchedKeys, Script, string]>([
  [
    'a change that is left out',
    ONE,
    [{ batches: [batch(2, A), batch(4, C)] }],
    'where there is [put key 0@3 put key 0@4]',
  ],
  ['a change that comes twice', ONE, [{ batches: [batch(2, A), batch(3, A, B)] }], 'gave [put key 0@2 put key 0@3]'],
  ['changes out of order', ONE, [{ batches: [batch(3, B, A)] }], 'gave [put key 0@3 put key 0@2]'],
  ['a revision that goes back', ONE, [{ batches: [batch(3, A, B), batch(2)] }], 'revision 3 was given before'],
  ['a change of the future', ONE, [{ batches: [batch(5, A, B, C)] }], 'nobody applied more than 4'],
  ['another value', ONE, [{ batches: [batch(2, event('key 0', 'x', 2))] }], 'gave [put key 0@2]'],
  ['a first change that is missing', ONE, [{ batches: [batch(3, B)] }], 'where there is [put key 0@2 put key 0@3]'],
])('%s is found', async (_, keys, script, message) => {
  const { found } = await watch(keys, script);
  expect(found.join()).toContain(message);
});

test('a watch that was compacted goes on from the present; one without cursor begins anew', async () => {
  const compacted = new FlotillaError('Compacted', {
    message: 'gone',
    details: { revision: 2, compactRevision: 3 },
  });
  const { found, opened } = await watch(ONE, [
    { batches: [batch(2, A)], cursors: 'none' },
    { batches: [], cursors: 'none', error: compacted },
    { batches: [batch(4, C)] },
  ]);
  expect(found).toEqual([]);
  expect(opened.slice(0, 3)).toEqual([1, 1, 'now']);
});
