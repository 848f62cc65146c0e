import { bytesOf, check, checkEqual, checkPattern, patternBytes, textOf } from './check.js';
import { openPair, roundTrips } from './pair.js';
import type { SuiteTest } from './suite.js';

/** The lane of ordered frames. */
export function frameTests(test: SuiteTest): void {
  test('frames arrive in order, whole, both ways', {}, async (under) => {
    const pair = await openPair(under);
    for (let i = 0; i < 1000; i++) {
      check(pair.dialled.connection.sendFrame(bytesOf(`d${i}`)), 'a frame was refused');
      check(pair.accepted.connection.sendFrame(bytesOf(`a${i}`)), 'a frame was refused');
    }
    const there = await pair.accepted.events.arrived.atLeast(1000, 'frames');
    const back = await pair.dialled.events.arrived.atLeast(1000, 'frames');
    for (let i = 0; i < 1000; i++) {
      checkEqual(textOf(there[i] as Uint8Array), `d${i}`, `frame ${i}`);
      checkEqual(textOf(back[i] as Uint8Array), `a${i}`, `frame ${i}`);
    }
  });

  test('frames of one turn are handed over in one batch', {}, async (under) => {
    const pair = await openPair(under);
    for (let i = 0; i < 100; i++) pair.dialled.connection.sendFrame(bytesOf(`frame ${i}`));
    await pair.accepted.events.arrived.atLeast(100, 'frames');
    checkEqual(pair.accepted.events.batches, [100], 'batches');
  });

  test('what the promise continuations of one turn send is one batch as well', {}, async (under) => {
    const pair = await openPair(under);
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        for (let hop = 0; hop < 3 * i; hop++) await Promise.resolve();
        pair.dialled.connection.sendFrame(bytesOf(`frame ${i}`));
      }),
    );
    await pair.accepted.events.arrived.atLeast(20, 'frames');
    checkEqual(pair.accepted.events.batches, [20], 'batches');
  });

  test('frames of any size up to the limit arrive whole and in order, empty ones too', {}, async (under) => {
    const pair = await openPair(under);
    const sizes = [0, 1, 127, 128, 65_535, 65_536, 65_537, 0, 262_143, 262_144, 262_145, 1_048_576, 3, 8_388_608, 0];
    for (const [seed, size] of sizes.entries()) {
      check(pair.dialled.connection.sendFrame(patternBytes(size, seed)), `a frame of ${size} bytes was refused`);
    }
    const frames = await pair.accepted.events.arrived.atLeast(sizes.length, 'frames');
    for (const [seed, size] of sizes.entries()) {
      checkPattern(frames[seed] as Uint8Array, size, seed, `frame ${seed} of ${size} bytes`);
    }
  });

  test('bytes that were handed up may be kept: they are not reused', {}, async (under) => {
    const pair = await openPair(under);
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 10; i++) pair.dialled.connection.sendFrame(patternBytes(1000 + round, round * 10 + i));
      await pair.accepted.events.arrived.atLeast((round + 1) * 10, 'frames');
    }
    for (const [seed, frame] of pair.accepted.events.arrived.items.entries()) {
      checkPattern(frame, 1000 + Math.floor(seed / 10), seed, `frame ${seed}`);
    }
  });

  test(
    'a frame above the limit throws LimitExceeded, and the connection goes on',
    { frameBytesMax: 1000 },
    async (under) => {
      const pair = await openPair(under);
      let code: unknown;
      try {
        pair.dialled.connection.sendFrame(new Uint8Array(1001));
      } catch (error) {
        code = (error as { code?: unknown }).code;
      }
      checkEqual(code, 'LimitExceeded', 'the error');
      check(pair.dialled.connection.sendFrame(patternBytes(1000, 5)), 'a frame of 1000 bytes was refused');
      checkPattern(await pair.accepted.events.arrived.first('a frame'), 1000, 5, 'the frame');
    },
  );

  test('a full queue, by frames, refuses, and says when there is room', { queuedFramesMax: 10 }, async (under) => {
    const pair = await openPair(under);
    const { connection, events } = pair.dialled;
    const taken: boolean[] = [];
    for (let i = 0; i < 12; i++) taken.push(connection.sendFrame(bytesOf(`frame ${i}`)));
    checkEqual(taken, [...Array.from({ length: 10 }, () => true), false, false], 'what was taken');
    checkEqual(connection.queued.frames, 10, 'queued frames');
    await events.drains.first('drained');
    check(connection.queued.frames <= 5, `drained with ${connection.queued.frames} queued frames`);
    check(connection.sendFrame(bytesOf('after')), 'a frame was refused after drained');
    const frames = await pair.accepted.events.arrived.atLeast(11, 'frames');
    checkEqual(frames.map(textOf).slice(9), ['frame 9', 'after'], 'the last frames');
    checkEqual(events.drains.items.length, 1, 'calls of drained');
  });

  test(
    'a full queue, by bytes, refuses, and says when there is room',
    { frameBytesMax: 1000, queuedBytesMax: 4000 },
    async (under) => {
      const pair = await openPair(under);
      const { connection, events } = pair.dialled;
      for (let i = 0; i < 4; i++) check(connection.sendFrame(patternBytes(1000, i)), `frame ${i} was refused`);
      check(!connection.sendFrame(new Uint8Array(1)), 'a fifth frame was taken');
      checkEqual(connection.queued, { frames: 4, bytes: 4000 }, 'queued');
      await events.drains.first('drained');
      await pair.accepted.events.arrived.atLeast(4, 'frames');
      checkEqual(connection.queued, { frames: 0, bytes: 0 }, 'queued');
      await roundTrips(pair, 2);
      checkEqual(pair.accepted.events.arrived.items.length, 4, 'frames, the refused one not among them');
    },
  );

  test('a frame is refused, not queued, once the connection is closed', {}, async (under) => {
    const pair = await openPair(under);
    await pair.dialled.connection.close();
    check(!pair.dialled.connection.sendFrame(bytesOf('x')), 'a frame was taken');
    checkEqual(pair.dialled.connection.queued, { frames: 0, bytes: 0 }, 'queued');
  });
}
