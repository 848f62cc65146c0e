import { readText } from './bytes.js';
import { check, checkEqual, command, within } from './check.js';
import type { SuiteTest } from './suite.js';

/** A side opens no more streams than the other allows, and waits for room. */
export function limitTests(test: SuiteTest): void {
  const limits = { maxIncomingBidirectionalStreams: 3, maxIncomingUnidirectionalStreams: 3 } as const;

  test('a stream beyond the limit opens once another has ended', limits, async (session) => {
    const open = await Promise.all([1, 2, 3].map(() => command(session, { do: 'echo' })));
    let opened = false;
    const fourth = session.createBidirectionalStream().then((stream) => {
      opened = true;
      return stream;
    });
    // What the three do is heard by the peer, and the fourth still waits.
    for (const { writer } of open) await writer.write(new Uint8Array(10));
    check(!opened, 'a fourth stream opened');
    const [first] = open;
    check(first !== undefined, 'no stream');
    await within(Promise.all([first.writer.close(), readText(first.readable)]), 'the end of one');
    const { readable, writable } = await within(fourth, 'the fourth');
    await within(Promise.all([readable.cancel(), writable.close()]), 'the end of the fourth');
  });

  test('waiting for room ends with the signal', limits, async (session) => {
    await Promise.all([1, 2, 3].map(() => command(session, { do: 'echo' })));
    const controller = new AbortController();
    const waiting = session.createBidirectionalStream({ signal: controller.signal });
    const reason = new Error('changed my mind');
    controller.abort(reason);
    const error = await within(
      waiting.then(
        () => undefined,
        (caught: unknown) => caught,
      ),
      'the fourth',
    );
    check(error === reason, `ended with ${String(error)}`);
    const late = await session.createBidirectionalStream({ signal: controller.signal }).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    check(late === reason, 'a signal that is aborted already');
  });

  test('many unidirectional streams pass a narrow limit', limits, async (session, { some }) => {
    const incoming = session.incomingUnidirectionalStreams.getReader();
    const count = some(30);
    const sending = (async (): Promise<void> => {
      for (let at = 0; at < count; at++) {
        const writer = (await session.createUnidirectionalStream()).getWriter();
        await Promise.all([writer.write(new Uint8Array(at + 1)), writer.close()]);
      }
    })();
    const lengths: number[] = [];
    for (let at = 0; at < count; at++) {
      const { value } = await within(incoming.read(), `answer ${at}`);
      check(value !== undefined, 'the streams ended');
      lengths.push(Number((await within(readText(value), 'its text')).split(' ')[0]));
    }
    await sending;
    const expected = Array.from({ length: count }, (_, at) => at + 1);
    checkEqual(
      lengths.toSorted((left, right) => left - right),
      expected,
      'what the peer read',
    );
  });
}
