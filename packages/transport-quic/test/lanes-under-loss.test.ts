import { systemRuntime } from '@flotilla/runtime/system';
import type { CloseReason, Connection, IncomingStream } from '@flotilla/transport';
import { TestHandshake } from '@flotilla/transport/conformance';
import type { KeepAlive } from '@flotilla/transport/multiplex';
import { describe, expect, test } from 'vitest';
import type { FakePair, FakeStream } from './fake-sessions.js';
import { FakeNetwork, FakeTransport } from './fake-transport.js';

const MIB = 1024 * 1024;

interface Side {
  readonly connection: Connection;
  readonly frames: number[];
  readonly streams: IncomingStream[];
  readonly ended: Promise<CloseReason>;
}

function attached(connection: Connection): Side {
  const frames: number[] = [];
  const streams: IncomingStream[] = [];
  const ended = new Promise<CloseReason>((resolve) => {
    connection.attach({
      frames: (arrived) => frames.push(...arrived.map((frame) => frame[0] ?? -1)),
      request: (body) => Promise.resolve(body),
      stream: (stream) => void streams.push(stream),
      drained: () => {},
      closed: resolve,
    });
  });
  return { connection, frames, streams, ended };
}

interface Scene extends AsyncDisposable {
  readonly dialled: Side;
  readonly accepted: Side;
  readonly pair: FakePair;
  readonly transport: FakeTransport;
}

async function scene(keepAlive?: KeepAlive): Promise<Scene> {
  const network = new FakeNetwork();
  const transport = new FakeTransport(network, {}, keepAlive);
  const sides: Side[] = [];
  const { address } = await transport.listen('fake://127.0.0.1:0', {
    handshake: new TestHandshake('listener'),
    accept: (connection) => void sides.push(attached(connection)),
  });
  const dialled = attached(await transport.dial(address, { handshake: new TestHandshake('dialler') }));
  await until(() => sides.length === 1 && stream(network.pairs[0], 2) !== undefined);
  const [accepted] = sides;
  const [pair] = network.pairs;
  if (accepted === undefined || pair === undefined) throw new Error('no connection');
  return { dialled, accepted, pair, transport, [Symbol.asyncDispose]: () => transport.close() };
}

/** Streams in the order of their opening: 0 control, 1 frames, 2 requests, 3 and on byte streams. */
function stream(pair: FakePair | undefined, index: number): FakeStream | undefined {
  return pair?.streams[index];
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => systemRuntime.nextTurn(resolve));
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => systemRuntime.nextTurn(resolve));
}

async function bytesIn(incoming: IncomingStream): Promise<number> {
  let bytes = 0;
  for await (const chunk of incoming) bytes += chunk.length;
  return bytes;
}

describe('a stream whose packets are lost', () => {
  test('that of a snapshot: frames, requests and another snapshot go on, and in the end it arrives whole', async () => {
    await using on = await scene();
    const { dialled, accepted, pair } = on;
    const outgoing = await dialled.connection.openStream(Uint8Array.of(1));
    await until(() => accepted.streams.length === 1);
    stream(pair, 3)?.hold();
    const written = (async (): Promise<Uint8Array> => {
      for (let i = 0; i < 32; i++) await outgoing.write(new Uint8Array(MIB / 4));
      return outgoing.finish();
    })();
    const received = bytesIn(accepted.streams[0] as IncomingStream);

    for (let i = 0; i < 100; i++) {
      dialled.connection.sendFrame(Uint8Array.of(i));
      await dialled.connection.request(Uint8Array.of(i));
      await accepted.connection.request(Uint8Array.of(i));
    }
    await until(() => accepted.frames.length === 100);
    const second = await dialled.connection.openStream(Uint8Array.of(2));
    await second.write(new Uint8Array(MIB));
    const answered = second.finish();
    await until(() => accepted.streams.length === 2);
    expect(await bytesIn(accepted.streams[1] as IncomingStream)).toBe(MIB);
    accepted.streams[1]?.answer(Uint8Array.of(2));
    expect(await answered).toEqual(Uint8Array.of(2));

    stream(pair, 3)?.release();
    expect(await received).toBe(8 * MIB);
    accepted.streams[0]?.answer(Uint8Array.of(1));
    expect(await written).toEqual(Uint8Array.of(1));
  });

  test('that of frames: they wait, in order; requests and streams do not', async () => {
    await using on = await scene();
    const { dialled, accepted, pair } = on;
    stream(pair, 1)?.hold();
    for (let i = 0; i < 10; i++) dialled.connection.sendFrame(Uint8Array.of(i));
    for (let i = 0; i < 10; i++) await dialled.connection.request(Uint8Array.of(i));
    const outgoing = await accepted.connection.openStream(new Uint8Array(0));
    const answered = outgoing.finish();
    await until(() => dialled.streams.length === 1);
    dialled.streams[0]?.answer(Uint8Array.of(7));
    expect(await answered).toEqual(Uint8Array.of(7));
    expect(accepted.frames).toEqual([]);
    stream(pair, 1)?.release();
    await until(() => accepted.frames.length === 10);
    expect(accepted.frames).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('that of requests: frames do not wait', async () => {
    await using on = await scene();
    const { dialled, accepted, pair } = on;
    stream(pair, 2)?.hold();
    const reply = dialled.connection.request(Uint8Array.of(9));
    dialled.connection.sendFrame(Uint8Array.of(1));
    await until(() => accepted.frames.length === 1);
    stream(pair, 2)?.release();
    expect(await reply).toEqual(Uint8Array.of(9));
  });

  test('an end that is overtaken by the openings of new streams breaks nothing: the 65th waits unread', async () => {
    await using on = await scene();
    const { dialled, accepted, pair } = on;
    const answers: Promise<Uint8Array>[] = [];
    const first = await Promise.all(Array.from({ length: 64 }, () => dialled.connection.openStream(new Uint8Array(0))));
    await until(() => accepted.streams.length === 64);
    for (const incoming of accepted.streams) incoming.answer(Uint8Array.of(1));
    await turns(20);
    // The answers are there; the ends of the senders are lost, and their slots are free on the sending side alone.
    for (let i = 3; i < 67; i++) stream(pair, i)?.hold();
    answers.push(...first.map((outgoing) => outgoing.finish()));
    await Promise.all(answers);
    const late = await dialled.connection.openStream(Uint8Array.of(5));
    const answered = late.finish();
    await turns(20);
    expect(accepted.streams).toHaveLength(64);
    for (let i = 3; i < 67; i++) stream(pair, i)?.release();
    await until(() => accepted.streams.length === 65);
    accepted.streams[64]?.answer(Uint8Array.of(5));
    expect(await answered).toEqual(Uint8Array.of(5));
  });
});

describe('the end', () => {
  test('waits for what is held back: all that was sent before it arrives', async () => {
    await using on = await scene();
    const { dialled, accepted, pair } = on;
    for (const index of [1, 2]) stream(pair, index)?.hold();
    for (let i = 0; i < 5; i++) dialled.connection.sendFrame(Uint8Array.of(i));
    const closing = dialled.connection.close();
    await turns(20);
    expect(accepted.frames).toEqual([]);
    for (const index of [1, 2]) stream(pair, index)?.release();
    await closing;
    expect((await accepted.ended).by).toBe('remote');
    expect((await dialled.ended).by).toBe('local');
    expect(accepted.frames).toEqual([0, 1, 2, 3, 4]);
  });

  test('of both sides at once is in good order on both', async () => {
    await using on = await scene();
    await Promise.all([on.dialled.connection.close(), on.accepted.connection.close()]);
    expect((await on.dialled.ended).by).toBe('local');
    expect((await on.accepted.ended).by).toBe('local');
  });

  test('a reset of any stream breaks the connection, and so does the loss of the path', async () => {
    for (const index of [0, 1, 2, 3]) {
      await using on = await scene();
      await on.dialled.connection.openStream(new Uint8Array(0));
      await until(() => on.accepted.streams.length === 1);
      stream(on.pair, index)?.reset();
      expect((await on.dialled.ended).by).toBe('broken');
      expect((await on.accepted.ended).by).toBe('broken');
    }
    await using on = await scene();
    on.pair.lose();
    expect((await on.dialled.ended).by).toBe('broken');
    expect((await on.accepted.ended).error?.message).toContain('the path is gone');
  });
});

describe('keep-alive', () => {
  test('is answered by datagrams, so that nothing is sent on streams', async () => {
    await using on = await scene({ intervalMs: 20, missedMax: 3 });
    const before = on.transport.metrics.messagesSent;
    await until(() => on.pair.datagrams > 20);
    expect(on.transport.metrics.messagesSent).toBe(before);
    expect(on.transport.metrics.connectionsBroken).toBe(0);
  });

  test('falls back to the control stream where datagrams are lost', async () => {
    await using on = await scene({ intervalMs: 20, missedMax: 3 });
    on.pair.loseDatagrams();
    const before = on.transport.metrics.messagesSent;
    await until(() => on.transport.metrics.messagesSent > before + 4);
    expect(on.transport.metrics.connectionsBroken).toBe(0);
  });

  test('gives up who answers neither', async () => {
    await using on = await scene({ intervalMs: 20, missedMax: 2 });
    on.pair.loseDatagrams();
    for (const each of on.pair.streams) each.hold();
    const end = await on.dialled.ended;
    expect(end.by).toBe('broken');
    expect(end.error).toMatchObject({ code: 'Timeout', details: { operation: 'keep-alive' } });
  });
});
