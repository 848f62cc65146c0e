import { bytesOf, check, checkEqual, textOf, within } from './check.js';
import { openPair, roundTrips } from './pair.js';
import { endlessWriter, stalled } from './streams.js';
import type { SuiteTest } from './suite.js';

const MIB = 1024 * 1024;

/** That no lane delays another. */
export function laneTests(test: SuiteTest): void {
  test('a stream that nobody reads delays neither frames, nor requests, nor another stream', {}, async (under) => {
    const pair = await openPair(under);
    const blocked = await endlessWriter(pair, 24 * MIB);
    await stalled(pair, blocked);
    for (let i = 0; i < 100; i++) check(pair.dialled.connection.sendFrame(bytesOf(`${i}`)), 'a frame was refused');
    await pair.accepted.events.arrived.atLeast(100, 'frames');
    await roundTrips(pair, 10);
    const other = await pair.dialled.connection.openStream(bytesOf('other'));
    const incoming = (await pair.accepted.events.streams.atLeast(2, 'streams'))[1];
    const answered = other.finish();
    incoming?.answer(bytesOf('fine'));
    checkEqual(textOf(await within(under.runtime, answered, 'the answer')), 'fine', 'the answer');
    check(blocked.written < 24 * MIB, 'the first stream was blocked all the time');
  });

  test('a busy stream lets frames and requests pass', {}, async (under) => {
    const pair = await openPair(under);
    const total = 24 * MIB;
    const writer = await endlessWriter(pair, total);
    const incoming = await pair.accepted.events.streams.first('a stream');
    let received = 0;
    const reading = (async (): Promise<void> => {
      for await (const chunk of incoming) received += chunk.length;
      incoming.answer(new Uint8Array(0));
    })();
    let trips = 0;
    while (received < total / 2) {
      pair.dialled.connection.sendFrame(bytesOf(`${trips++}`));
      await pair.accepted.events.arrived.atLeast(trips, 'frames');
      await roundTrips(pair, 1);
    }
    await within(under.runtime, reading, 'the stream');
    await within(under.runtime, writer.finished, 'the answer');
    check(trips >= 3, `only ${trips} round trips within ${total / 2 / MIB} MiB of a stream`);
  });

  test('large frames let small requests pass, and large requests small frames', {}, async (under) => {
    const pair = await openPair(under);
    const large = new Uint8Array(8 * MIB);
    check(pair.dialled.connection.sendFrame(large), 'a large frame was refused');
    await within(under.runtime, pair.dialled.connection.request(bytesOf('x')), 'a request');
    checkEqual(pair.accepted.events.arrived.items.length, 0, 'the large frame is still on its way');
    await pair.accepted.events.arrived.atLeast(1, 'the large frame');
    const reply = pair.dialled.connection.request(large);
    check(pair.dialled.connection.sendFrame(bytesOf('small')), 'a small frame was refused');
    await pair.accepted.events.arrived.atLeast(2, 'the small frame');
    checkEqual(pair.accepted.events.requests.items.length, 1, 'the large request is still on its way');
    await within(under.runtime, reply, 'the large reply');
  });
}
