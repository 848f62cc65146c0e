import { bytesOf, check, checkEqual, checkPattern, checkRejects, patternBytes, textOf, within } from './check.js';
import { dial, listen, openPair, roundTrips, TestHandshake } from './pair.js';
import type { SuiteTest } from './suite.js';

/** Hellos, and who judges them. */
export function handshakeTests(test: SuiteTest): void {
  test('both sides verify the hello of the other before a connection exists', {}, async (under) => {
    const pair = await openPair(under);
    checkEqual(
      pair.listenHandshake.verified.map((seen) => seen.hello),
      ['dialler'],
      'seen by the listener',
    );
    checkEqual(
      pair.dialHandshake.verified.map((seen) => seen.hello),
      ['listener'],
      'seen by the dialler',
    );
    checkEqual(textOf(pair.dialled.connection.remoteHello), 'listener', 'remoteHello of the dialled side');
    checkEqual(textOf(pair.accepted.connection.remoteHello), 'dialler', 'remoteHello of the accepted side');
    check(pair.dialled.connection.dialled, 'the dialled side says so');
    check(!pair.accepted.connection.dialled, 'the accepted side says so');
    checkEqual(pair.dialled.connection.remote.address, pair.listener.address, 'the dialled address');
    checkEqual(pair.dialHandshake.verified[0]?.remote, pair.dialled.connection.remote, 'what verify is told');
  });

  test('a hello of 4 KiB is carried whole, an empty one too', {}, async (under) => {
    for (const text of ['h'.repeat(4096), '']) {
      const handshake = new TestHandshake(text);
      const { listener, accepted } = await listen(under, handshake);
      const dialled = await dial(under, listener.address, handshake);
      await accepted.first('a connection');
      checkEqual(textOf(dialled.connection.remoteHello), text, 'the hello');
      await listener.close();
    }
  });

  test('a hello above 4 KiB is refused on the side that made it', {}, async (under) => {
    const { listener, accepted } = await listen(under);
    const handshake = new TestHandshake('h'.repeat(4097));
    await checkRejects(
      within(under.runtime, under.dialler.dial(listener.address, { handshake }), 'dialling'),
      'LimitExceeded',
      'a long hello',
    );
    checkEqual(accepted.items.length, 0, 'connections at the listener');
  });

  test('hello is called once for each connection', {}, async (under) => {
    let count = 0;
    const handshake = new TestHandshake('x');
    handshake.hello = (): Uint8Array => bytesOf(`hello ${++count}`);
    const { listener, accepted } = await listen(under);
    await dial(under, listener.address, handshake);
    await dial(under, listener.address, handshake);
    await accepted.atLeast(2, 'connections');
    checkEqual(count, 2, 'calls of hello');
  });

  test('a listener that refuses tells why, in bytes, and hands nothing up', {}, async (under) => {
    const refusing = new TestHandshake('listener', 'not from you');
    const { listener, accepted } = await listen(under, refusing);
    const error = await rejection(
      within(
        under.runtime,
        under.dialler.dial(listener.address, { handshake: new TestHandshake('dialler') }),
        'dialling',
      ),
    );
    checkEqual(error.message, 'refused: not from you', 'the refusal');
    checkEqual(accepted.items.length, 0, 'connections at the listener');
  });

  test('a dialler that refuses rejects with its own error, and the listener is told', {}, async (under) => {
    const told: string[] = [];
    const listening = new TestHandshake('listener');
    listening.refused = (bytes): Error => {
      told.push(textOf(bytes));
      return new Error('told');
    };
    const { listener, accepted } = await listen(under, listening);
    const handshake = new TestHandshake('dialler', 'not to you');
    const error = await rejection(
      within(under.runtime, under.dialler.dial(listener.address, { handshake }), 'dialling'),
    );
    checkEqual(error.message, 'not to you', 'the error');
    const after = await dial(under, listener.address);
    await within(under.runtime, after.connection.request(bytesOf('x')), 'a request');
    checkEqual(told, ['refused: not to you'], 'what the listener was told');
    checkEqual(accepted.items.length, 1, 'connections at the listener');
  });

  test('a connection that is not attached within the turn is destroyed', {}, async (under) => {
    const { listener, accepted } = await listen(under);
    const connection = await within(
      under.runtime,
      under.dialler.dial(listener.address, { handshake: new TestHandshake('x') }),
      'dialling',
    );
    await checkRejects(
      within(under.runtime, connection.request(bytesOf('x')), 'a request'),
      'ConnectionClosed',
      'a request of who did not attach',
    );
    // The other side may have heard no more than half of the handshake, or all of it.
    for (const side of accepted.items) {
      checkEqual((await side.events.ends.first('the end of a connection')).by, 'broken', 'how it ended');
    }
  });

  test('frames that follow the hello at once are not lost', {}, async (under) => {
    const { listener, accepted } = await listen(under);
    const dialled = await dial(under, listener.address);
    dialled.connection.sendFrame(bytesOf('first'));
    const side = await accepted.first('a connection');
    side.connection.sendFrame(bytesOf('second'));
    checkEqual(textOf(await side.events.arrived.first('a frame')), 'first', 'the frame of the dialler');
    checkEqual(textOf(await dialled.events.arrived.first('a frame')), 'second', 'the frame of the listener');
  });

  test('much that follows the handshake at once is not taken for what came before it', {}, async (under) => {
    const { listener, accepted } = await listen(under);
    const dialled = await dial(under, listener.address);
    for (let i = 0; i < 100; i++) dialled.connection.sendFrame(patternBytes(10_000, i));
    const side = await accepted.first('a connection');
    const frames = await side.events.arrived.atLeast(100, 'frames');
    for (const [i, frame] of frames.entries()) checkPattern(frame, 10_000, i, `frame ${i}`);
  });

  test('connections are two-way: the side that was dialled sends requests as well', {}, async (under) => {
    const pair = await openPair(under);
    await roundTrips(pair, 3);
    checkEqual(pair.dialled.events.requests.items.length, 3, 'requests at the dialled side');
    checkEqual(pair.accepted.events.requests.items.length, 3, 'requests at the accepted side');
  });
}

async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    check(error instanceof Error, 'what was thrown is an Error');
    return error;
  }
  throw new Error('resolved, where a rejection was due');
}
