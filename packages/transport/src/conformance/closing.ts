import { bytesOf, check, checkEqual, checkRejects, textOf, within } from './check.js';
import { dial, listen, openPair, type Side, TestHandshake } from './pair.js';
import type { SuiteTest } from './suite.js';

/** How connections and transports end. */
export function closingTests(test: SuiteTest): void {
  test('close is in good order: what was queued arrives, then both sides know who closed', {}, async (under) => {
    const pair = await openPair(under);
    for (let i = 0; i < 500; i++) pair.dialled.connection.sendFrame(bytesOf(`${i}`));
    await within(under.runtime, pair.dialled.connection.close(), 'close');
    checkEqual((await pair.accepted.events.ends.first('the end')).by, 'remote', 'by, on the other side');
    checkEqual((await pair.dialled.events.ends.first('the end')).by, 'local', 'by, on this side');
    checkEqual(
      pair.accepted.events.arrived.items.map(textOf),
      Array.from({ length: 500 }, (_, i) => `${i}`),
      'frames',
    );
    await within(under.runtime, pair.dialled.connection.close(), 'a second close');
  });

  test('the accepting side can close as well', {}, async (under) => {
    const pair = await openPair(under);
    pair.accepted.connection.sendFrame(bytesOf('last'));
    await within(under.runtime, pair.accepted.connection.close(), 'close');
    checkEqual((await pair.dialled.events.ends.first('the end')).by, 'remote', 'by, on the dialling side');
    checkEqual(pair.dialled.events.arrived.items.map(textOf), ['last'], 'frames');
  });

  test('close fails what waits for a reply or an answer', {}, async (under) => {
    const pair = await openPair(under);
    pair.accepted.events.answer = () => new Promise(() => {});
    const reply = pair.dialled.connection.request(bytesOf('wait'));
    const outgoing = await pair.dialled.connection.openStream(bytesOf('h'));
    const answered = outgoing.finish();
    await pair.accepted.events.requests.first('a request');
    const closing = pair.dialled.connection.close();
    await checkRejects(reply, 'ConnectionClosed', 'the request');
    await checkRejects(answered, 'ConnectionClosed', 'the stream');
    await within(under.runtime, closing, 'close');
  });

  test('destroy breaks at once: the other side sees a broken connection', {}, async (under) => {
    const pair = await openPair(under);
    const why = new Error('enough');
    pair.dialled.connection.destroy(why);
    const here = await pair.dialled.events.ends.first('the end');
    checkEqual(here.by, 'broken', 'by, on this side');
    check(here.error === why, 'this side is told its own error');
    checkEqual((await pair.accepted.events.ends.first('the end')).by, 'broken', 'by, on the other side');
    pair.dialled.connection.destroy(new Error('again'));
    await within(under.runtime, pair.dialled.connection.close(), 'close after destroy');
    checkEqual(pair.dialled.events.ends.items.length, 1, 'ends');
  });

  test('a callback that throws ends its connection, and no other', {}, async (under) => {
    const pair = await openPair(under);
    const other = await dial(under, pair.listener.address);
    pair.accepted.events.frames = (): void => {
      throw new Error('a bug');
    };
    pair.dialled.connection.sendFrame(bytesOf('x'));
    checkEqual((await pair.dialled.events.ends.first('the end')).by, 'broken', 'by');
    checkEqual(
      textOf(await within(under.runtime, other.connection.request(bytesOf('y')), 'a request')),
      'y',
      'the reply',
    );
  });

  test('closing a listener closes what it accepted, and frees its address', {}, async (under) => {
    const pair = await openPair(under);
    await within(under.runtime, pair.listener.close(), 'closing the listener');
    // At once: in the seconds that a dial to nobody may take, the system can give a port that is free to somebody else.
    const again = await under.listener.listen(pair.listener.address, {
      handshake: new TestHandshake('again'),
      accept: (connection) => connection.destroy(new Error('not needed')),
    });
    checkEqual(again.address, pair.listener.address, 'the address');
    checkEqual((await pair.dialled.events.ends.first('the end')).by, 'remote', 'by');
    await within(under.runtime, again.close(), 'closing the second listener');
    await within(under.runtime, pair.listener.close(), 'a second close');
    const dialling = under.dialler.dial(pair.listener.address, { handshake: new TestHandshake('x') });
    await checkRejects(within(under.runtime, dialling, 'dialling'), 'Unreachable', 'a dial');
  });

  test('closing a transport closes its listeners and connections, and ends its dials', {}, async (under) => {
    const pair = await openPair(under);
    const second = await dial(under, pair.listener.address);
    const dialling = checkRejects(
      under.dialler.dial(pair.listener.address, { handshake: new TestHandshake('x') }),
      'Shutdown',
      'a dial that is under way',
    );
    await within(under.runtime, under.dialler.close(), 'closing the dialler');
    await within(under.runtime, dialling, 'the dial');
    for (const side of [pair.dialled, second]) checkEqual((await side.events.ends.first('the end')).by, 'local', 'by');
    checkEqual((await pair.accepted.events.ends.first('the end')).by, 'remote', 'by');
    await checkRejects(
      under.dialler.dial(pair.listener.address, { handshake: new TestHandshake('x') }),
      'Shutdown',
      'a late dial',
    );
    await within(under.runtime, under.listener.close(), 'closing the listening transport');
    await checkRejects(
      under.listener.listen(under.address, { handshake: new TestHandshake('x'), accept: () => {} }),
      'Shutdown',
      'a late listener',
    );
    await within(under.runtime, under.listener.close(), 'a second close');
  });

  test('many connections live side by side, and end apart', {}, async (under) => {
    const { listener, accepted } = await listen(under);
    const sides: Side[] = [];
    // Not all at once: how fast a carrier's own handshake is, is no matter of this suite.
    while (sides.length < 100) {
      sides.push(...(await Promise.all(Array.from({ length: 10 }, () => dial(under, listener.address)))));
    }
    const replies = await Promise.all(
      sides.map((side, i) => within(under.runtime, side.connection.request(bytesOf(`${i}`)), 'a reply')),
    );
    checkEqual(
      replies.map(textOf),
      Array.from({ length: 100 }, (_, i) => `${i}`),
      'replies',
    );
    for (const side of sides.slice(0, 50)) side.connection.destroy(new Error('enough'));
    for (const side of sides.slice(50)) {
      checkEqual(
        textOf(await within(under.runtime, side.connection.request(bytesOf('still')), 'a reply')),
        'still',
        'reply',
      );
    }
    checkEqual(accepted.items.length, 100, 'connections at the listener');
  });
}
