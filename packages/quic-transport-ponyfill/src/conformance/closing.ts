import { patternBytes, readText } from './bytes.js';
import { ask, check, checkEqual, checkRejects, command, within } from './check.js';
import type { SuiteTest } from './suite.js';

/** Sessions end, and both sides know how. */
export function closingTests(test: SuiteTest): void {
  for (const [closeCode, reason] of [
    [0, ''],
    [7, 'bye'],
    [0xffff_ffff, 'é'.repeat(512)],
  ] as const) {
    test(
      `a close carries code ${closeCode} and a reason of ${reason.length} characters`,
      {},
      async (session, { peerEnded }) => {
        session.close({ closeCode, reason });
        checkEqual(await within(session.closed, 'closed here'), { closeCode, reason }, 'closed here');
        checkEqual(await within(peerEnded(), 'closed there'), { closeCode, reason }, 'closed there');
      },
    );

    test(
      `the peer's close carries code ${closeCode} and a reason of ${reason.length} characters`,
      {},
      async (session) => {
        await command(session, { do: 'close', closeCode, reason });
        checkEqual(await within(session.closed, 'closed here'), { closeCode, reason }, 'closed here');
      },
    );
  }

  test('a reason is cut after 1,024 bytes, between characters', {}, async (session, { peerEnded }) => {
    session.close({ closeCode: 1, reason: `a${'é'.repeat(1_000)}` });
    const ended = await within(peerEnded(), 'closed there');
    checkEqual(ended, { closeCode: 1, reason: `a${'é'.repeat(511)}` }, 'the reason');
  });

  test('a code that is no unsigned 32-bit integer is refused, and nothing happens', {}, async (session) => {
    for (const closeCode of [-1, 1.5, 0x1_0000_0000, Number.NaN]) {
      let refused = false;
      try {
        session.close({ closeCode });
      } catch {
        refused = true;
      }
      check(refused, `closeCode ${closeCode} was taken`);
    }
    checkEqual(await ask(session, { do: 'sum' }), '0 bytes 811c9dc5', 'the session lives');
  });

  test('a close ends all that is under way', {}, async (session) => {
    const { readable, writer } = await command(session, { do: 'hold', tag: 'held' });
    const reading = readText(readable);
    const writing = writer.write(patternBytes(20_000_000, 1));
    const incoming = session.incomingBidirectionalStreams.getReader().read();
    const datagram = session.datagrams.readable.getReader().read();
    session.close({ closeCode: 3, reason: 'enough' });
    await checkRejects(reading, 'SessionClosed', 'a read under way');
    await checkRejects(writing, 'SessionClosed', 'a write under way');
    checkEqual((await within(incoming, 'incoming streams')).done, true, 'incoming streams');
    checkEqual((await within(datagram, 'datagrams')).done, true, 'datagrams');
    await checkRejects(session.createBidirectionalStream(), 'SessionClosed', 'a new stream');
    await checkRejects(session.createUnidirectionalStream(), 'SessionClosed', 'a new stream');
    session.close({ closeCode: 4 });
    checkEqual(await session.closed, { closeCode: 3, reason: 'enough' }, 'the first close counts');
  });

  test("the peer's close ends all that is under way", {}, async (session) => {
    const { readable, writer } = await command(session, { do: 'hold', tag: 'held' });
    const reading = readText(readable);
    const writing = writer.write(patternBytes(20_000_000, 1));
    writing.catch(() => undefined); // looked at below
    reading.catch(() => undefined); // looked at below
    await command(session, { do: 'close', closeCode: 9, reason: 'no more' });
    await checkRejects(reading, 'SessionClosed', 'a read under way');
    await checkRejects(writing, 'SessionClosed', 'a write under way');
    await checkRejects(session.createBidirectionalStream(), 'SessionClosed', 'a new stream');
  });

  test('await using closes', {}, async (session, { peerEnded }) => {
    await within(Promise.resolve(session[Symbol.asyncDispose]()), 'the disposal');
    checkEqual(await session.closed, { closeCode: 0, reason: '' }, 'closed here');
    checkEqual(await within(peerEnded(), 'closed there'), { closeCode: 0, reason: '' }, 'closed there');
    await within(Promise.resolve(session[Symbol.asyncDispose]()), 'a second disposal');
  });

  test(
    'a peer that is gone is noticed within the idle time',
    { idleTimeoutMs: 1_000, keepAliveMs: 300 },
    async (session, { kill }) => {
      if (kill === undefined) return;
      const { readable, writer } = await command(session, { do: 'hold', tag: 'held' });
      const reading = readText(readable);
      reading.catch(() => undefined); // looked at below
      await kill();
      await checkRejects(session.closed, 'IdleTimeout', 'closed');
      await checkRejects(reading, 'IdleTimeout', 'a read under way');
      await checkRejects(writer.closed, 'IdleTimeout', 'a writer');
    },
  );

  test('a quiet session stays', { idleTimeoutMs: 400, keepAliveMs: 100 }, async (session) => {
    await new Promise((resolve) => {
      setTimeout(resolve, 1_500);
    });
    checkEqual(await ask(session, { do: 'sum' }), '0 bytes 811c9dc5', 'the session lives');
  });
}
