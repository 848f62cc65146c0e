import { ByteWriter, utf8Encode } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import { type WatchEvent, type WatchMessage, writeWatchEvent } from '@flotilla/kv/protocol';
import type { Connection } from '@flotilla/transport';
import { describe, expect, test } from 'vitest';
import type { ClientOptions, FlotillaClient, Watch } from '../index.js';
import { FakeCluster, type FakeNode, notLeader } from '../testdata/fake-cluster.js';

const KEYSPACE = 1;

function put(key: string, revision: number): WatchEvent {
  const kv = {
    key: utf8Encode(key),
    value: utf8Encode('v'),
    createRevision: revision,
    modRevision: revision,
    version: 1,
    lease: 0,
  };
  return { type: 'put', kv, prevKv: undefined };
}

function encoded(event: WatchEvent): Uint8Array {
  const writer = new ByteWriter(64);
  writeWatchEvent(writer, event);
  return writer.take();
}

/** What the iteration of a watch gave so far, as text, and its end. */
class Follower {
  readonly seen: string[] = [];
  readonly cursors: (string | undefined)[] = [];
  ended: FlotillaError | 'done' | undefined;

  constructor(watch: Watch) {
    void this.#follow(watch);
  }

  async #follow(watch: Watch): Promise<void> {
    try {
      for await (const { revision, events } of watch) {
        const keys = events.map(({ kv }) => `${kv.keyText()}@${kv.modRevision}`);
        this.seen.push(keys.length === 0 ? `..${revision}` : keys.join(' '));
        this.cursors.push(watch.cursor);
      }
      this.ended = 'done';
    } catch (error) {
      this.ended = error as FlotillaError;
    }
  }
}

interface Scene {
  readonly cluster: FakeCluster;
  readonly client: FlotillaClient;
  /** The watch that a node serves now. */
  serving(): {
    readonly node: FakeNode;
    readonly id: number;
    readonly message: WatchMessage;
    readonly connection: Connection;
  };
  until(condition: () => boolean): Promise<void>;
  /** Waits for a watch to begin somewhere and tells it so. */
  start(nextRevision: number): Promise<void>;
  events(through: number, events: readonly WatchEvent[], partial?: boolean): Promise<void>;
}

async function scene(options: Partial<ClientOptions> = {}): Promise<Scene> {
  const cluster = await FakeCluster.start(3, 1);
  const client = await cluster.connect(options);
  const until = (condition: () => boolean): Promise<void> => cluster.world.runUntil(condition);
  const find = (): ReturnType<Scene['serving']> | undefined => {
    for (const node of cluster.nodes) {
      for (const [id, { message, connection }] of node.watches) {
        if (node.connections.has(connection)) return { node, id, message, connection };
      }
    }
    return undefined;
  };
  const serving = (): ReturnType<Scene['serving']> => {
    const found = find();
    if (found === undefined) throw new Error('nobody serves a watch');
    return found;
  };
  return {
    cluster,
    client,
    serving,
    until,
    start: async (nextRevision) => {
      await until(() => find() !== undefined);
      const { node, id, connection } = serving();
      node.say(connection, (writer) => writer.watchStarted(id, nextRevision));
      await cluster.world.advance(5);
    },
    events: async (through, events, partial = false) => {
      const { node, id, connection } = serving();
      node.say(connection, (writer) => writer.watchEvents(id, through, partial, events.map(encoded)));
      await cluster.world.advance(5);
    },
  };
}

describe('a watch', () => {
  test('begins after now, and gives events as they come', async () => {
    const { client, serving, start, events, cluster } = await scene();
    const watch = client.watch({ prefix: 'k' }, { keyspace: KEYSPACE, prevKv: true, filters: ['delete'] });
    const follower = new Follower(watch);
    expect(watch.cursor).toBeUndefined();
    await start(5);
    await cluster.settle(watch.started);
    expect(serving().message).toMatchObject({ startRevision: 0, prevKv: true, noDelete: true, noPut: false });
    await events(6, [put('k1', 5), put('k2', 6)]);
    expect(follower.seen).toEqual(['k1@5 k2@6']);
  });

  test('goes on after a break from the revision after the last one it gave whole, each event once', async () => {
    const { client, serving, start, events, until } = await scene();
    const follower = new Follower(client.watch({ prefix: 'k' }, { keyspace: KEYSPACE }));
    await start(5);
    await events(7, [put('k1', 5), put('k2', 7)]);
    const first = serving().node;
    first.watches.clear();
    first.break();
    await until(() => follower.ended !== undefined || safe(serving)?.message.startRevision === 8);
    await start(8);
    // A server that sends again what was given does no harm.
    await events(9, [put('k2', 7), put('k3', 9)]);
    expect(follower.seen).toEqual(['k1@5 k2@7', 'k3@9']);
    expect(follower.ended).toBeUndefined();
  });

  test('that breaks before anything happened goes on from where it began', async () => {
    const { client, serving, start, until, cluster } = await scene();
    const follower = new Follower(client.watch('k', { keyspace: KEYSPACE }));
    await start(42);
    const { node } = serving();
    node.watches.clear();
    cluster.network.crash(`n${node.id}`);
    await until(() => safe(serving) !== undefined);
    expect(serving().message.startRevision).toBe(42);
    expect(serving().node).not.toBe(node);
    expect(follower.ended).toBeUndefined();
  });

  test('never splits a revision, also where it breaks in the middle of one', async () => {
    const { client, serving, start, events, until } = await scene();
    const follower = new Follower(client.watch({ prefix: 'k' }, { keyspace: KEYSPACE }));
    await start(5);
    await events(5, [put('k1', 5), put('k2', 6), put('k3', 6)], true);
    expect(follower.seen).toEqual(['k1@5']);
    const { node } = serving();
    node.watches.clear();
    node.break();
    await until(() => safe(serving)?.message.startRevision === 6);
    await start(6);
    await events(5, [put('k2', 6), put('k3', 6)], true);
    await events(6, [put('k4', 6)]);
    expect(follower.seen).toEqual(['k1@5', 'k2@6 k3@6 k4@6']);
  });

  test('looks elsewhere when a node no longer serves it, and ends where the history is gone', async () => {
    const { client, serving, start, until } = await scene();
    const watch = client.watch('k', { keyspace: KEYSPACE });
    const follower = new Follower(watch);
    await start(5);
    const { node, id, connection } = serving();
    node.watches.clear();
    node.say(connection, (writer) => writer.watchEnded(id, notLeader(1, 0)));
    await until(() => safe(serving) !== undefined);
    await start(5);
    const second = serving();
    const compacted = new FlotillaError('Compacted', {
      message: 'gone',
      details: { revision: 5, compactRevision: 9 },
    });
    second.node.say(second.connection, (writer) => writer.watchEnded(second.id, compacted));
    await until(() => follower.ended !== undefined);
    expect(follower.ended).toMatchObject({ code: 'Compacted', details: { compactRevision: 9 } });
  });

  test('has a cursor behind the last batch that its reader took, from which another goes on', async () => {
    const { client, serving, start, events, until } = await scene();
    const follower = new Follower(client.watch({ prefix: 'k' }, { keyspace: KEYSPACE }));
    await start(5);
    await events(6, [put('k1', 6)]);
    const cursor = follower.cursors[0] as string;
    serving().node.watches.clear();
    client.watch({ prefix: 'k' }, { keyspace: KEYSPACE, cursor });
    await until(() => safe(serving) !== undefined);
    expect(serving().message.startRevision).toBe(7);
    expect(() => client.watch({ prefix: 'other' }, { keyspace: KEYSPACE, cursor })).toThrow('CursorInvalid');
  });

  test('begins just after a range that was read to its end, and refuses one that was not', async () => {
    const { client, cluster, serving, until } = await scene();
    await cluster.settle(client.put('k1', '1', { keyspace: KEYSPACE }));
    await cluster.settle(client.put('k2', '1', { keyspace: KEYSPACE }));
    const whole = await cluster.settle(client.range({ prefix: 'k' }, { keyspace: KEYSPACE }));
    client.watch({ prefix: 'k' }, { keyspace: KEYSPACE, cursor: whole.cursor as string });
    await until(() => safe(serving) !== undefined);
    expect(serving().message.startRevision).toBe(4);
    const part = await cluster.settle(client.range({ prefix: 'k' }, { keyspace: KEYSPACE, limit: 1 }));
    expect(() => client.watch({ prefix: 'k' }, { keyspace: KEYSPACE, cursor: part.cursor as string })).toThrow(
      'not read to its end',
    );
  });

  test('whose reader is slow stops receiving, and goes on without a loss once it has read', async () => {
    const { client, serving, start, events, until, cluster } = await scene({ limits: { watchEventsMax: 4 } });
    const watch = client.watch({ prefix: 'k' }, { keyspace: KEYSPACE });
    await start(1);
    await events(2, [put('k1', 1), put('k2', 2)]);
    await events(4, [put('k3', 3), put('k4', 4)]);
    expect(safe(serving)).toBeUndefined();
    const iterator = watch[Symbol.asyncIterator]();
    expect((await cluster.settle(iterator.next())).value?.revision).toBe(2);
    await until(() => safe(serving) !== undefined);
    expect(serving().message.startRevision).toBe(5);
    expect((await cluster.settle(iterator.next())).value?.revision).toBe(4);
  });

  test('moves on by signs of progress, which it gives only where asked to', async () => {
    const { client, serving, start, cluster } = await scene();
    const silent = client.watch('k', { keyspace: KEYSPACE });
    const follower = new Follower(silent);
    await start(5);
    const { node, id, connection } = serving();
    const before = silent.cursor;
    node.say(connection, (writer) => writer.watchProgress(id, 90));
    await cluster.world.advance(5);
    expect(follower.seen).toEqual([]);
    expect(silent.cursor).not.toBe(before);
    silent.requestProgress();
    await cluster.world.advance(5);
    expect(node.count('progress')).toBe(1);
    node.say(connection, (writer) => writer.watchProgress(id, 91));
    await cluster.world.advance(5);
    expect(follower.seen).toEqual(['..91']);
    node.watches.clear();
    const loud = client.watch('k', { keyspace: KEYSPACE, progress: true });
    const heard = new Follower(loud);
    await start(5);
    const other = serving();
    other.node.say(other.connection, (writer) => writer.watchProgress(other.id, 95));
    await cluster.world.advance(5);
    expect(heard.seen).toEqual(['..95']);
  });

  test('ends when it is closed, when its signal fires and when the client closes, and is forgotten by the server', async () => {
    const { client, start, events, cluster } = await scene();
    const closed = client.watch({ prefix: 'k' }, { keyspace: KEYSPACE });
    await start(1);
    await events(1, [put('k1', 1)]);
    closed.close();
    const follower = new Follower(closed);
    await cluster.world.advance(5);
    expect([follower.seen, follower.ended]).toEqual([['k1@1'], 'done']);
    expect(cluster.heard('unwatch')).toBe(1);
    const controller = new AbortController();
    const abortable = new Follower(client.watch('k', { keyspace: KEYSPACE, signal: controller.signal }));
    controller.abort('enough');
    await cluster.world.advance(5);
    expect(abortable.ended).toMatchObject({ code: 'Aborted', cause: 'enough' });
    const last = new Follower(client.watch('k', { keyspace: KEYSPACE }));
    await cluster.settle(client.close());
    await cluster.world.advance(5);
    expect(last.ended).toMatchObject({ code: 'Shutdown' });
    expect(() => client.watch('k')).toThrow('Shutdown');
  });

  test('over all groups needs a cursor to begin in the past, and more watches than the bound are refused', async () => {
    const cluster = await FakeCluster.start(1, 3);
    const client = await cluster.connect({ limits: { watchesMax: 1 } });
    expect(() => client.watch({ prefix: 'k' }, { startRevision: 3 })).toThrow('InvalidArgument');
    const watch = client.watch({ prefix: 'k' });
    expect(() => client.watch('k')).toThrow('Overloaded');
    await cluster.world.runUntil(() => cluster.node(1).watches.size === 3);
    for (const [id, { connection }] of cluster.node(1).watches) {
      expect(watch.cursor).toBeUndefined();
      cluster.node(1).say(connection, (writer) => writer.watchStarted(id, 1 + id));
    }
    await cluster.settle(watch.started);
    expect(watch.cursor).toBeDefined();
  });
});

function safe<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}
