import { encodeText, patternBytes, readText } from './bytes.js';
import { ask, check, checkEqual, checkRejects, command, progressOf, within } from './check.js';
import type { QuicSession } from '../session.js';
import type { SuiteTest } from './suite.js';

/** The largest code of the application. */
const LARGEST = 0xffff_ffff;

/** Either side gives up either direction of a stream, and the other learns the code. */
export function abortTests(test: SuiteTest): void {
  for (const code of [0, 7, LARGEST]) {
    test(`an abort reaches the peer's reader with code ${code}`, {}, async (session) => {
      const { writer } = await command(session, { do: 'watch', tag: 'watched' });
      await heardBy(session, writer, 'watched');
      await within(writer.abort(coded(code)), 'the abort');
      const { end } = await progressOf(session, 'watched', 'outcome');
      checkEqual(end, { code: 'StreamReset', streamErrorCode: code }, 'what the peer read');
    });

    test(`a cancel reaches the peer's writer with code ${code}`, {}, async (session) => {
      const { readable } = await command(session, { do: 'fill', tag: 'filled', bytes: 50_000_000, seed: 1 });
      const reader = readable.getReader();
      await within(reader.read(), 'the first bytes');
      await within(reader.cancel(coded(code)), 'the cancel');
      const { end } = await progressOf(session, 'filled', 'outcome');
      checkEqual(end, { code: 'StreamStopped', streamErrorCode: code }, 'how the peer fared');
    });

    test(`the peer's abort reaches this reader with code ${code}`, {}, async (session) => {
      const { readable } = await command(session, { do: 'abort', code });
      await checkRejects(readText(readable), 'StreamReset', 'the read', code);
    });

    test(`the peer's cancel reaches this writer with code ${code}`, {}, async (session) => {
      const { writer } = await command(session, { do: 'cancel', code });
      await checkRejects(writeOn(writer), 'StreamStopped', 'the writes', code);
      await checkRejects(writer.closed, 'StreamStopped', 'closed', code);
    });
  }

  test('a reason that carries no code aborts with 0', {}, async (session) => {
    const { writer } = await command(session, { do: 'watch', tag: 'watched' });
    await heardBy(session, writer, 'watched');
    await within(writer.abort(new TypeError('of my own')), 'the abort');
    const { end } = await progressOf(session, 'watched', 'outcome');
    checkEqual(end, { code: 'StreamReset', streamErrorCode: 0 }, 'what the peer read');
  });

  test('an abort gets through although the peer reads nothing', { streamWindowBytes: 65_536 }, async (session) => {
    const { writer } = await command(session, { do: 'hold', tag: 'deaf' });
    const writes = writer.write(patternBytes(10_000_000, 1));
    writes.catch(() => undefined); // looked at below
    await within(writer.abort(coded(5)), 'the abort of a write that waits');
    await within(
      writes.then(
        () => Promise.reject(new Error('the write went through')),
        () => undefined,
      ),
      'the end of the write',
    );
    // The stream is over on both sides: its place is free again, which more streams than there are places show.
    await ask(session, { do: 'release', tag: 'deaf' });
  });

  test('one direction aborted leaves the other alone', {}, async (session) => {
    const { readable, writer } = await command(session, { do: 'fill', tag: 'filled', bytes: 300_000, seed: 2 });
    while ((await progressOf(session, 'filled', 'progress')).bytes === 0); // an abort may overtake the command
    await within(writer.abort(coded(3)), 'the abort');
    const { byteLength } = await within(new Response(readable).arrayBuffer(), 'the other direction');
    checkEqual(byteLength, 300_000, 'bytes');
  });

  test('one direction cancelled leaves the other alone', {}, async (session) => {
    const { readable, writer } = await command(session, { do: 'watch', tag: 'watched' });
    await within(readable.cancel(coded(3)), 'the cancel');
    await within(writer.write(patternBytes(300_000, 2)), 'a write');
    await within(writer.close(), 'the end');
    const { bytes, end } = await progressOf(session, 'watched', 'outcome');
    checkEqual([bytes, end], [300_000, 'well'], 'what the peer read');
  });

  test(
    'aborted and cancelled streams make room for others',
    { maxIncomingBidirectionalStreams: 8 },
    async (session) => {
      for (let at = 0; at < 40; at++) {
        const { readable, writer } = await command(session, { do: 'echo' });
        if (at % 3 === 0) await Promise.all([writer.abort(coded(at)), readable.cancel(coded(at))]);
        else if (at % 3 === 1) await Promise.all([readable.cancel(coded(at)), writer.close().catch(() => undefined)]);
        else await Promise.all([writer.abort(coded(at)), readText(readable).catch(() => undefined)]);
      }
      checkEqual(await ask(session, { do: 'sum' }), '0 bytes 811c9dc5', 'a stream after them');
    },
  );

  test('a stream that is cancelled at once still ends', {}, async (session) => {
    const { readable, writable } = await session.createBidirectionalStream();
    await within(Promise.all([readable.cancel(), writable.close()]), 'the end of a stream that was never used');
    checkEqual(await ask(session, { do: 'sum' }), '0 bytes 811c9dc5', 'a stream after it');
  });
}

/** Writes until the peer has read some: an abort may overtake what was written before it. */
async function heardBy(
  session: QuicSession,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  tag: string,
): Promise<void> {
  await writer.write(encodeText('some'));
  while ((await progressOf(session, tag, 'progress')).bytes === 0);
}

async function writeOn(writer: WritableStreamDefaultWriter<Uint8Array>): Promise<never> {
  for (let at = 0; at < 100_000; at++) await writer.write(patternBytes(1_000, 0));
  check(false, 'writes went on after the peer had cancelled');
}

function coded(streamErrorCode: number): Error {
  return Object.assign(new Error('as the test asked'), { streamErrorCode });
}
